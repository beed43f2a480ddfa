/**
 * The octets of one task in a pool process: in memory while they are few, else in a file without a name, which is gone when
 * the process is. Filled as they come, read as often as wanted, synchronously.
 */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Octets } from "./task.ts";

/** Octets up to which a message stays in memory, and all of this process together. */
const IN_MEMORY = 1024 * 1024;
const ALL_IN_MEMORY = 4 * 1024 * 1024;
let held = 0;
const BLOCK = 256 * 1024;
/** Folders for the file: a disk first, /tmp may be memory. */
const FOLDERS = ["/var/tmp", "/tmp"];

export class MessageOctets implements Octets {
  readonly #inMemory: number;
  #buffers: Buffer[] = [];
  #size = 0;
  #file: number | undefined;

  constructor(inMemory = IN_MEMORY) {
    this.#inMemory = inMemory;
  }

  get size(): number {
    return this.#size;
  }

  /** @throws what the file system says: no space */
  push(octets: Buffer): void {
    if (octets.length === 0) return;
    const isMuch = this.#size + octets.length > this.#inMemory || held + octets.length > ALL_IN_MEMORY;
    if (this.#file === undefined && isMuch) {
      this.#file = openNameless();
      for (const each of this.#buffers) writeWhole(this.#file, each);
      this.#forget();
    }
    if (this.#file === undefined) {
      this.#buffers.push(octets);
      held += octets.length;
    } else writeWhole(this.#file, octets);
    this.#size += octets.length;
  }

  #forget(): void {
    for (const each of this.#buffers) held -= each.length;
    this.#buffers = [];
  }

  *chunks(): Generator<Buffer> {
    if (this.#file === undefined) {
      yield* this.#buffers;
      return;
    }
    const block = Buffer.allocUnsafe(Math.min(BLOCK, this.#size));
    for (let at = 0; at < this.#size;) {
      const count = readSync(this.#file, block, 0, block.length, at);
      if (count === 0) throw new Error("message file: shorter than written");
      // A copy: whoever reads ahead must not find one chunk twice.
      yield Buffer.from(block.subarray(0, count));
      at += count;
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#forget();
    this.#size = 0;
  }
}

/** A new file that nobody else can open, without a name as soon as it is there. */
function openNameless(): number {
  let problem: unknown;
  for (const folder of FOLDERS) {
    const path = join(folder, `.rulemail-${process.pid}-${randomBytes(12).toString("hex")}`);
    try {
      const file = openSync(path, "wx+", 0o600);
      unlinkSync(path);
      return file;
    } catch (error) {
      problem = error;
    }
  }
  throw problem;
}

function writeWhole(file: number, octets: Buffer): void {
  for (let at = 0; at < octets.length;) at += writeSync(file, octets, at, octets.length - at);
}
