/**
 * What the queue asks of a file system, and nothing more (promise 6 of docs/architecture.md): tests put a twin in its place
 * that runs out of space, fails, tears writes and forgets what was never synced.
 *
 * The rule every user of this interface follows: content is durable after `datasync` of the file, a name (created,
 * renamed, removed) after `syncFolder` of its folder, and nothing is durable before.
 */
import fs from "node:fs";
import { join } from "node:path";

/** A file open for reading, or for reading and writing. Positions are octets from its beginning. */
export interface OpenFile {
  readonly path: string;
  /** Writes all octets of all parts, one after the other; rejects when that is not possible (a part may be written). */
  write(parts: readonly Buffer[], position: number): Promise<void>;
  /** Fills the buffer as far as the file has octets; returns how many. */
  read(into: Buffer, position: number): Promise<number>;
  facts(): Promise<FileFacts>;
  /** True while its path still leads to it: nobody has removed or replaced it, or a folder above. */
  isInPlace(): Promise<boolean>;
  truncate(size: number): Promise<void>;
  /** Content (and size) to stable storage. After a rejection nothing written since the last success may be trusted. */
  datasync(): Promise<void>;
  close(): Promise<void>;
}

export interface FileFacts {
  readonly size: number;
  /** Last change of the content, ms since the epoch. */
  readonly modified: number;
  /** User id of the owner. */
  readonly owner: number;
  /** False for folders, links, sockets. */
  readonly isFile: boolean;
}

/** Rejections carry the usual `code`: ENOENT, EEXIST, ENOSPC, EROFS, EIO ... */
export interface FileOperations {
  /** A new file for reading and writing; EEXIST when the name is taken. The mode is set whatever the umask says. */
  create(path: string, mode: number): Promise<OpenFile>;
  /** An existing file; links are not followed. */
  open(path: string, mode: "read" | "update"): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Names in a folder, in no order. */
  list(folder: string): Promise<string[]>;
  /** Undefined when there is no such name. Links are not followed. */
  facts(path: string): Promise<FileFacts | undefined>;
  /** Makes the folder, with this mode whatever the umask says, and those above it; an existing one stays as it is. */
  makeFolder(path: string, mode: number): Promise<void>;
  /** Names created, renamed and removed in this folder to stable storage. */
  syncFolder(path: string): Promise<void>;
}

/** True for a rejection with this code. */
export function hasCode(error: unknown, code: string): boolean {
  return (error as Partial<NodeJS.ErrnoException> | undefined)?.code === code;
}

/** Text of whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type Callback<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

/** fs with callbacks costs about half of what fs/promises does; every message passes here. */
function call<T = void>(operation: (callback: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    operation((error, value) => (error ? reject(error) : resolve(value)));
  });
}

function factsOf(stats: fs.Stats): FileFacts {
  return { size: stats.size, modified: stats.mtimeMs, owner: stats.uid, isFile: stats.isFile() };
}

/** What is left of the parts after `written` octets. */
function remaining(parts: readonly Buffer[], written: number): Buffer[] {
  const rest: Buffer[] = [];
  let skip = written;
  for (const part of parts) {
    if (skip >= part.length) skip -= part.length;
    else {
      rest.push(skip > 0 ? part.subarray(skip) : part);
      skip = 0;
    }
  }
  return rest;
}

class SystemFile implements OpenFile {
  readonly path: string;
  readonly #fd: number;
  #stats: fs.Stats | undefined;
  #closed = false;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  async write(parts: readonly Buffer[], position: number): Promise<void> {
    let rest = parts;
    let at = position;
    while (rest.length > 0) {
      const written = await call<number>((done) => fs.writev(this.#fd, rest, at, done));
      at += written;
      const next = remaining(rest, written);
      // The kernel says why it wrote nothing only when asked again; no progress at all would loop for ever.
      if (written === 0 && next.length > 0) throw Object.assign(new Error("write made no progress"), { code: "EIO" });
      rest = next;
    }
  }

  async read(into: Buffer, position: number): Promise<number> {
    // Its number may be another file's by now.
    if (this.#closed) throw Object.assign(new Error(`${this.path} is closed`), { code: "EBADF" });
    let filled = 0;
    while (filled < into.length) {
      const count = await call<number>((done) =>
        fs.read(this.#fd, into, filled, into.length - filled, position + filled, done),
      );
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  async facts(): Promise<FileFacts> {
    return factsOf(await call<fs.Stats>((done) => fs.fstat(this.#fd, done)));
  }

  async isInPlace(): Promise<boolean> {
    this.#stats ??= await call<fs.Stats>((done) => fs.fstat(this.#fd, done));
    // At once: the system has the names of this path at hand, and another thread costs ten times as much as the question.
    try {
      const now = fs.lstatSync(this.path, { throwIfNoEntry: false });
      return now?.ino === this.#stats.ino && now.dev === this.#stats.dev;
    } catch (error) {
      if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return false;
      throw error;
    }
  }

  truncate(size: number): Promise<void> {
    return call((done) => fs.ftruncate(this.#fd, size, done as fs.NoParamCallback));
  }

  datasync(): Promise<void> {
    return call((done) => fs.fdatasync(this.#fd, done as fs.NoParamCallback));
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    return call((done) => fs.close(this.#fd, done as fs.NoParamCallback));
  }
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = fs.constants;

/** @throws the error, in words that help when it says that a link was found */
function linkRefused(path: string, error: unknown): never {
  if (!hasCode(error, "ELOOP")) throw error;
  const text = `${path} is a symbolic link, which the queue does not follow: put the file itself in its place`;
  throw Object.assign(new Error(text, { cause: error }), { code: "ELOOP" });
}

/** The real file system. */
export const systemFiles: FileOperations = {
  async create(path, mode) {
    const fd = await call<number>((done) => fs.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode, done));
    const file = new SystemFile(path, fd);
    try {
      await call((done) => fs.fchmod(fd, mode, done as fs.NoParamCallback));
    } catch (error) {
      await file.close();
      throw error;
    }
    return file;
  },
  async open(path, mode) {
    // A pipe that somebody left in a shared folder must not stop us: O_NONBLOCK.
    const flags = (mode === "read" ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_NONBLOCK;
    const opened = call<number>((done) => fs.open(path, flags, done));
    return new SystemFile(path, await opened.catch((error: unknown) => linkRefused(path, error)));
  },
  rename: (from, to) => call((done) => fs.rename(from, to, done as fs.NoParamCallback)),
  unlink: (path) => call((done) => fs.unlink(path, done as fs.NoParamCallback)),
  list: (folder) => call<string[]>((done) => fs.readdir(folder, done)),
  async facts(path) {
    try {
      return factsOf(await call<fs.Stats>((done) => fs.lstat(path, done)));
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  },
  async makeFolder(path, mode) {
    const made = await call<string | undefined>((done) => fs.mkdir(path, { recursive: true, mode }, done));
    if (made !== undefined) await call((done) => fs.chmod(path, mode, done as fs.NoParamCallback));
  },
  async syncFolder(path) {
    const fd = await call<number>((done) => fs.open(path, O_RDONLY, done));
    try {
      await call((done) => fs.fsync(fd, done as fs.NoParamCallback));
    } finally {
      await call((done) => fs.close(fd, done as fs.NoParamCallback));
    }
  },
};

/** Removes a file that may be gone already. */
export async function unlinkIfThere(files: FileOperations, path: string): Promise<void> {
  try {
    await files.unlink(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

/** The whole content of a file that must not be longer than `limit` octets, and who owns it. */
export async function readWhole(
  files: FileOperations,
  path: string,
  limit: number,
): Promise<{ readonly content: Buffer; readonly owner: number }> {
  const file = await files.open(path, "read");
  try {
    const { size, isFile, owner } = await file.facts();
    if (!isFile) throw new Error(`${file.path} is not a plain file`);
    if (size > limit) throw new Error(`${file.path} has ${size} octets, more than the ${limit} that are allowed`);
    const content = Buffer.allocUnsafe(size);
    return { content: content.subarray(0, await file.read(content, 0)), owner };
  } finally {
    await file.close();
  }
}

/** Puts a small file in the place of an older one, or none: durable when it resolves, and never half of it. */
export async function replaceFile(files: FileOperations, folder: string, name: string, content: Buffer): Promise<void> {
  const path = join(folder, name);
  const temporary = `${path}.new`;
  await unlinkIfThere(files, temporary);
  const file = await files.create(temporary, 0o600);
  try {
    await file.write([content], 0);
    await file.datasync();
  } finally {
    await file.close();
  }
  await files.rename(temporary, path);
  await files.syncFolder(folder);
}

/**
 * Syncs one folder for everybody who asks: those who come while a sync is under way share the next one, since the
 * running one may have begun before their change.
 */
export class FolderSync {
  readonly #files: FileOperations;
  readonly #folder: string;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(files: FileOperations, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  sync(): Promise<void> {
    if (this.#next) return this.#next;
    if (!this.#running) return this.#start();
    this.#next = this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#start();
      });
    return this.#next;
  }

  #start(): Promise<void> {
    const sync = this.#files.syncFolder(this.#folder).finally(() => {
      if (this.#running === sync) this.#running = undefined;
    });
    this.#running = sync;
    return sync;
  }
}
