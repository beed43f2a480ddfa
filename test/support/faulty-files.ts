/**
 * A file system in memory that behaves like the worst one allowed: what was not synced may be lost or torn by a crash,
 * space runs out in the middle of a write, any operation can fail, and the process can stop before any of them.
 */
import { dirname } from "node:path";
import type { FileFacts, FileOperations, OpenFile } from "../../src/queue/file-operations.ts";

export interface Operation {
  readonly kind: "create" | "open" | "write" | "read" | "truncate" | "datasync" | "close" | FolderOperation;
  readonly path: string;
  /** 1 for the first one since the files were made. */
  readonly number: number;
}
type FolderOperation = "rename" | "unlink" | "list" | "facts" | "makeFolder" | "syncFolder";

/** A crash: "process" loses nothing that the kernel had; a number is the seed of what a power failure loses. */
export type Crash = "process" | number;

interface Change {
  readonly at: number;
  /** Undefined: the file was cut to `at`. */
  readonly octets?: Buffer;
  /** A sync of it failed, after which the kernel believes that it is written: no later sync will. */
  forgotten?: true;
}

interface Inode {
  current: Buffer;
  stable: Buffer;
  changes: Change[];
}

type Names = Map<string, Inode>;

const SECTOR = 512;

function fault(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** Small and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

function resized(octets: Buffer, size: number): Buffer {
  if (size <= octets.length) return Buffer.from(octets.subarray(0, size));
  return Buffer.concat([octets, Buffer.alloc(size - octets.length)]);
}

function apply(octets: Buffer, { at, octets: written }: Change): Buffer {
  if (!written) return resized(octets, at);
  const result = at + written.length > octets.length ? resized(octets, at + written.length) : octets;
  written.copy(result, at);
  return result;
}

export class FaultyFiles implements FileOperations {
  #names: Names = new Map();
  #stableNames: Names = new Map();
  /** Changes of names that no syncFolder has covered yet. */
  #nameChanges: { readonly folder: string; readonly apply: (names: Names) => void }[] = [];
  readonly #folders = new Set<string>();
  #count = 0;
  /** Operations from this number on do not happen: the process was stopped before. */
  stopBefore = Infinity;
  /** Octets that still fit on the disk. */
  free = Infinity;
  readOnly = false;
  /**
   * Called before each operation; the code it returns is what the operation fails with. A write that fails leaves its first
   * half, and what a failed datasync did not bring to the disk no later one does.
   */
  inject: ((operation: Operation) => string | undefined) | undefined;

  get operations(): number {
    return this.#count;
  }

  /** The process is no more: nothing that it does counts. */
  get isStopped(): boolean {
    return this.#count >= this.stopBefore;
  }

  /** The same disk after a crash, as the next process finds it. Deterministic for a seed. */
  crashed(crash: Crash): FaultyFiles {
    const after = new FaultyFiles();
    for (const folder of this.#folders) after.#folders.add(folder);
    const random = typeof crash === "number" ? randomFrom(crash + 1) : () => 0;
    const names = crash === "process" ? this.#names : new Map(this.#stableNames);
    if (crash !== "process") {
      // Names change in order; some of the last changes are lost.
      const kept = Math.floor(random() * (this.#nameChanges.length + 1));
      for (const change of this.#nameChanges.slice(0, kept)) change.apply(names);
    }
    for (const [path, inode] of names) {
      const octets = crash === "process" ? Buffer.from(inode.current) : this.#torn(inode, random);
      after.#names.set(path, { current: octets, stable: Buffer.from(octets), changes: [] });
    }
    after.#stableNames = new Map(after.#names);
    return after;
  }

  /** What a power failure leaves of a file: of the changes since the last sync any sectors, or none. */
  #torn(inode: Inode, random: () => number): Buffer {
    let octets: Buffer = Buffer.from(inode.stable);
    for (const change of inode.changes) {
      if (!change.octets) {
        if (random() < 0.5) octets = apply(octets, change);
        continue;
      }
      for (let from = 0; from < change.octets.length;) {
        const to = Math.min(change.octets.length, from + SECTOR - ((change.at + from) % SECTOR));
        if (random() < 0.5) octets = apply(octets, { at: change.at + from, octets: change.octets.subarray(from, to) });
        from = to;
      }
    }
    return octets;
  }

  #begin(kind: Operation["kind"], path: string): void {
    this.#count++;
    if (this.#count >= this.stopBefore) throw fault("STOPPED", path);
    const code = this.inject?.({ kind, path, number: this.#count });
    if (code !== undefined) throw fault(code, path);
  }

  #changing(path: string): void {
    if (this.readOnly) throw fault("EROFS", path);
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (!inode) throw fault("ENOENT", path);
    return inode;
  }

  #changeNames(path: string, change: (names: Names) => void): void {
    change(this.#names);
    this.#nameChanges.push({ folder: dirname(path), apply: change });
  }

  async create(path: string, _mode: number): Promise<OpenFile> {
    this.#begin("create", path);
    this.#changing(path);
    if (this.#names.has(path)) throw fault("EEXIST", path);
    if (!this.#folders.has(dirname(path))) throw fault("ENOENT", path);
    const inode: Inode = { current: Buffer.alloc(0), stable: Buffer.alloc(0), changes: [] };
    this.#changeNames(path, (names) => names.set(path, inode));
    return this.#handle(path, inode);
  }

  async open(path: string, _mode: "read" | "update"): Promise<OpenFile> {
    this.#begin("open", path);
    return this.#handle(path, this.#inode(path));
  }

  #handle(path: string, inode: Inode): OpenFile {
    const change = (each: Change): void => {
      inode.current = apply(inode.current, each);
      inode.changes.push(each);
    };
    return {
      path,
      write: async (parts, position) => {
        const octets = Buffer.concat(parts);
        try {
          this.#begin("write", path);
        } catch (error) {
          if (!this.isStopped) change({ at: position, octets: Buffer.from(octets.subarray(0, octets.length / 2)) });
          throw error;
        }
        this.#changing(path);
        const growth = Math.max(0, position + octets.length - inode.current.length);
        const missing = Math.max(0, growth - this.free);
        const written = octets.subarray(0, octets.length - missing);
        this.free -= growth - missing;
        if (written.length > 0) change({ at: position, octets: Buffer.from(written) });
        if (missing > 0) throw fault("ENOSPC", path);
      },
      read: async (into, position) => {
        this.#begin("read", path);
        return inode.current.copy(into, 0, position);
      },
      facts: async () => {
        this.#begin("facts", path);
        return { size: inode.current.length, modified: 0, owner: 0, isFile: true };
      },
      isInPlace: async () => {
        this.#begin("facts", path);
        return this.#names.get(path) === inode;
      },
      truncate: async (size) => {
        this.#begin("truncate", path);
        this.#changing(path);
        this.free += Math.max(0, inode.current.length - size);
        change({ at: size });
      },
      datasync: async () => {
        try {
          this.#begin("datasync", path);
        } catch (error) {
          if (!this.isStopped) for (const each of inode.changes) each.forgotten = true;
          throw error;
        }
        this.#changing(path);
        for (const each of inode.changes) if (!each.forgotten) inode.stable = apply(inode.stable, each);
        inode.changes = [];
      },
      close: async () => this.#begin("close", path),
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.#begin("rename", from);
    this.#changing(from);
    const inode = this.#inode(from);
    this.#changeNames(to, (names) => {
      names.delete(from);
      names.set(to, inode);
    });
  }

  async unlink(path: string): Promise<void> {
    this.#begin("unlink", path);
    this.#changing(path);
    this.free += this.#inode(path).current.length;
    this.#changeNames(path, (names) => names.delete(path));
  }

  async list(folder: string): Promise<string[]> {
    this.#begin("list", folder);
    if (!this.#folders.has(folder)) throw fault("ENOENT", folder);
    return [...this.#names.keys()]
      .filter((path) => dirname(path) === folder)
      .map((path) => path.slice(folder.length + 1));
  }

  async facts(path: string): Promise<FileFacts | undefined> {
    this.#begin("facts", path);
    const inode = this.#names.get(path);
    return inode && { size: inode.current.length, modified: 0, owner: 0, isFile: true };
  }

  async makeFolder(path: string, _mode: number): Promise<void> {
    this.#begin("makeFolder", path);
    for (let folder = path; !this.#folders.has(folder); folder = dirname(folder)) this.#folders.add(folder);
  }

  async syncFolder(folder: string): Promise<void> {
    this.#begin("syncFolder", folder);
    const covered = this.#nameChanges.filter((change) => change.folder === folder);
    for (const change of covered) change.apply(this.#stableNames);
    this.#nameChanges = this.#nameChanges.filter((change) => change.folder !== folder);
  }

  /** Content of a file as the running process sees it, for assertions. */
  content(path: string): Buffer | undefined {
    return this.#names.get(path)?.current;
  }

  /** All names, sorted. */
  paths(): string[] {
    return [...this.#names.keys()].toSorted();
  }

  /** Gives a file another content behind everybody's back. */
  replace(path: string, octets: Buffer): void {
    const inode = this.#inode(path);
    inode.current = Buffer.from(octets);
    inode.stable = Buffer.from(octets);
    inode.changes = [];
  }

  /** Changes octets behind everybody's back: a failing disk. */
  corrupt(path: string, at: number, octets: Buffer): void {
    const inode = this.#inode(path);
    octets.copy(inode.current, at);
    inode.stable = Buffer.from(inode.current);
    inode.changes = [];
  }
}
