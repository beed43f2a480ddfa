/**
 * Builds databases, for makemap and newaliases: entries are collected, then the file is written aside and renamed
 * (sys/atomic-file.ts), so that a running server sees the old table or the new one.
 */
import { statSync } from "node:fs";
import { AtomicFile } from "../sys/atomic-file.ts";
import { CdbWriter } from "./cdb-writer.ts";
import { pathToWrite } from "./database-file.ts";

/** What to do with a key that is there already. */
export type DuplicatePolicy =
  /** Keep the first; `add` says so. */
  | "refuse"
  /** Keep the last (makemap -r). */
  | "replace"
  /** Keep both (makemap -d). */
  | "keep";

interface WriteOptions {
  readonly sorted?: boolean;
  readonly mode?: number;
  readonly owner?: number | undefined;
}

export class DatabaseBuilder {
  readonly #policy: DuplicatePolicy;
  readonly #entries = new Map<string, string[]>();

  constructor(policy: DuplicatePolicy) {
    this.#policy = policy;
  }

  /** Adds an entry (latin1 strings). Returns false when the key was there and is refused. */
  add(key: string, value: string): boolean {
    const values = this.#entries.get(key);
    if (values === undefined) this.#entries.set(key, [value]);
    else if (this.#policy === "refuse") return false;
    else if (this.#policy === "replace") this.#entries.set(key, [value]);
    else values.push(value);
    return true;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Writes the database durably. Throws what the file system says; then the old one stays. A Berkeley database of that
   * name stays as it is, and ours is written beside it.
   * @param sorted keys in the order of their octets, as a btree lists them
   * @param mode of a new file
   * @param owner uid whose it is to be, if we may give it away
   * @returns the file that was written
   */
  write(path: string, { sorted = false, mode = 0o640, owner }: WriteOptions = {}): string {
    const own = pathToWrite(path);
    // Who could read the other program's may read ours.
    const other = own === path ? undefined : statSync(path, { throwIfNoEntry: false });
    const file = new AtomicFile(own, other === undefined ? mode : other.mode & 0o666, owner);
    try {
      const writer = new CdbWriter(file);
      for (const [key, values] of sorted ? [...this.#entries].toSorted(byKey) : this.#entries) {
        for (const value of values) writer.add(key, value);
      }
      writer.finish();
    } catch (error) {
      file.abort();
      throw error;
    }
    file.commit();
    return own;
  }
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
