/**
 * Replaces a file as a whole: written aside in the same folder, synced, renamed over the old one, folder synced. Readers
 * see the old content or the new, never a part; after a crash too.
 *
 * Mode and owner of a file that is replaced are kept, unless an owner is named.
 */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";

/** For chown(2): as it is. */
const SAME = -1;
/** Octets collected before they are written. */
const CHUNK = 256 * 1024;

export class AtomicFile {
  readonly #target: string;
  readonly #aside: string;
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(CHUNK);
  #buffered = 0;
  #written = 0;
  #open = true;

  /**
   * Creates the file aside. Throws what open(2) throws.
   * @param mode of a new file (the umask applies); an existing one keeps its own
   * @param owner whose it is to be, where we may give it away; its group stays
   */
  constructor(target: string, mode = 0o644, owner?: number) {
    this.#target = target;
    this.#aside = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}`);
    this.#fd = openSync(this.#aside, "wx", mode);
    const old = statSync(target, { throwIfNoEntry: false });
    if (old) this.#copyRights(old);
    if (owner !== undefined) this.#chown(owner, SAME);
  }

  write(octets: Buffer): void {
    if (this.#buffered + octets.length > CHUNK) this.#flush();
    if (octets.length > CHUNK) {
      this.#writeAll(octets, this.#written);
      this.#written += octets.length;
      return;
    }
    octets.copy(this.#buffer, this.#buffered);
    this.#buffered += octets.length;
  }

  /** Replaces octets that were written before. */
  overwrite(octets: Buffer, at: number): void {
    this.#flush();
    this.#writeAll(octets, at);
  }

  /** Makes the new content the file's, durably. After an error nothing has changed. */
  commit(): void {
    try {
      this.#flush();
      fsyncSync(this.#fd);
      this.#close();
      renameSync(this.#aside, this.#target);
    } catch (error) {
      this.abort();
      throw error;
    }
    syncFolder(dirname(this.#target));
  }

  /** Drops what was written. */
  abort(): void {
    this.#close();
    try {
      unlinkSync(this.#aside);
    } catch {
      // It may be gone already; nothing depends on it.
    }
  }

  #copyRights(old: Stats): void {
    this.#chown(old.uid, old.gid);
    fchmodSync(this.#fd, old.mode & 0o777);
  }

  #chown(uid: number, gid: number): void {
    try {
      fchownSync(this.#fd, uid, gid);
    } catch {
      // Only root may give files away; the new file is then ours, as any file we write.
    }
  }

  #flush(): void {
    this.#writeAll(this.#buffer.subarray(0, this.#buffered), this.#written);
    this.#written += this.#buffered;
    this.#buffered = 0;
  }

  #writeAll(octets: Buffer, at: number): void {
    for (let done = 0; done < octets.length;) {
      done += writeSync(this.#fd, octets, done, octets.length - done, at + done);
    }
  }

  #close(): void {
    if (this.#open) closeSync(this.#fd);
    this.#open = false;
  }
}

/** A whole new content for a file, which need not be there; what is no file (a terminal, a pipe) is written to. Throws what the system says. */
export function replaceFile(path: string, octets: Buffer): void {
  const old = statSync(path, { throwIfNoEntry: false });
  if (old !== undefined && !old.isFile()) return writeFileSync(path, octets);
  const file = new AtomicFile(old === undefined ? path : realpathSync(path));
  file.write(octets);
  file.commit();
}

/** Makes renames and new names in a folder durable. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
