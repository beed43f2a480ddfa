/**
 * Reader of constant databases (the "cdb" format, https://cr.yp.to/cdb/cdb.txt).
 *
 *     256 × (table position, slots)   records: key length, data length, key, data   256 tables of (hash, position)
 *
 * All numbers are 32 bits, little endian. A look-up reads one pair of the head, some slots and one record. Small files
 * are kept in memory, large ones are read in place. Numbers in the file are checked before they are believed.
 */
import { closeSync, fstatSync, readSync } from "node:fs";

/** A database whose numbers contradict each other: cut off, overwritten, or something else altogether. */
export class DamagedDatabaseError extends Error {
  override readonly name = "DamagedDatabaseError";
}

export const HEAD_SIZE = 2048;
/** Files up to this size are read as a whole; a look-up then costs about a microsecond. */
const IN_MEMORY = 16 * 1024 * 1024;

/** The hash of the format: over the octets of a latin1 string. */
export function cdbHash(key: string): number {
  let hash = 5381;
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 33) ^ key.charCodeAt(i)) >>> 0;
  return hash;
}

export class CdbReader {
  readonly #fd: number;
  /** The whole file, or undefined when it is large. */
  readonly #content: Buffer | undefined;
  readonly #head: Buffer;
  readonly #size: number;
  readonly #small = Buffer.alloc(8);

  /**
   * Takes over the descriptor; `close` gives it back. Throws DamagedDatabaseError.
   * @param inMemory octets up to which the whole file is kept
   */
  constructor(fd: number, inMemory = IN_MEMORY) {
    this.#fd = fd;
    this.#size = fstatSync(fd).size;
    if (this.#size < HEAD_SIZE) throw new DamagedDatabaseError("shorter than its head");
    const length = this.#size <= inMemory ? this.#size : HEAD_SIZE;
    const start = Buffer.alloc(length);
    this.#fill(start, 0);
    this.#content = length === this.#size ? start : undefined;
    this.#head = start.subarray(0, HEAD_SIZE);
    this.#checkHead();
  }

  /** First value of the key (a latin1 string), or undefined. Throws DamagedDatabaseError. */
  get(key: string): string | undefined {
    if (this.#content) return this.#getInMemory(this.#content, key);
    for (const value of this.#values(key)) return value;
    return undefined;
  }

  /** Every record, in the order of the file. */
  *entries(): Generator<readonly [string, string]> {
    const end = this.#head.readUInt32LE(0);
    let at = HEAD_SIZE;
    while (at < end) {
      const [keyLength, dataLength] = this.#pair(at);
      const next = at + 8 + keyLength + dataLength;
      if (next > end) throw new DamagedDatabaseError("record reaches into the tables");
      const record = this.#read(at + 8, keyLength + dataLength);
      yield [record.toString("latin1", 0, keyLength), record.toString("latin1", keyLength)];
      at = next;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** `get` without reading and without making anything but the value: every message asks several tables. */
  #getInMemory(content: Buffer, key: string): string | undefined {
    const hash = cdbHash(key);
    const head = (hash & 255) * 8;
    const table = content.readUInt32LE(head);
    const slots = content.readUInt32LE(head + 4);
    if (slots === 0) return undefined;
    let slot = (hash >>> 8) % slots;
    for (let tried = 0; tried < slots; tried++) {
      const at = table + slot * 8;
      const position = content.readUInt32LE(at + 4);
      if (position === 0) return undefined;
      if (content.readUInt32LE(at) === hash) {
        const [keyLength, dataLength] = this.#pair(position);
        const start = position + 8 + keyLength;
        if (start + dataLength > this.#size) throw new DamagedDatabaseError("record outside of the file");
        if (keyLength === key.length && holds(content, position + 8, key)) {
          return content.toString("latin1", start, start + dataLength);
        }
      }
      slot = slot + 1 === slots ? 0 : slot + 1;
    }
    return undefined;
  }

  *#values(key: string): Generator<string> {
    const hash = cdbHash(key);
    const head = (hash & 255) * 8;
    const table = this.#head.readUInt32LE(head);
    const slots = this.#head.readUInt32LE(head + 4);
    if (slots === 0) return;
    let slot = (hash >>> 8) % slots;
    for (let tried = 0; tried < slots; tried++) {
      const [slotHash, position] = this.#pair(table + slot * 8);
      if (position === 0) return;
      if (slotHash === hash) {
        const [keyLength, dataLength] = this.#pair(position);
        if (position + 8 + keyLength + dataLength > this.#size) {
          throw new DamagedDatabaseError("record outside of the file");
        }
        if (keyLength === key.length) {
          const record = this.#read(position + 8, keyLength + dataLength);
          if (record.toString("latin1", 0, keyLength) === key) yield record.toString("latin1", keyLength);
        }
      }
      slot = slot + 1 === slots ? 0 : slot + 1;
    }
  }

  #checkHead(): void {
    for (let at = 0; at < HEAD_SIZE; at += 8) {
      const table = this.#head.readUInt32LE(at);
      const slots = this.#head.readUInt32LE(at + 4);
      if (table < HEAD_SIZE || table + slots * 8 > this.#size) {
        throw new DamagedDatabaseError("table outside of the file");
      }
    }
  }

  #pair(at: number): readonly [number, number] {
    if (at + 8 > this.#size) throw new DamagedDatabaseError("position outside of the file");
    if (this.#content) return [this.#content.readUInt32LE(at), this.#content.readUInt32LE(at + 4)];
    this.#fill(this.#small, at);
    return [this.#small.readUInt32LE(0), this.#small.readUInt32LE(4)];
  }

  #read(at: number, length: number): Buffer {
    if (at + length > this.#size) throw new DamagedDatabaseError("record outside of the file");
    if (this.#content) return this.#content.subarray(at, at + length);
    const record = Buffer.alloc(length);
    this.#fill(record, at);
    return record;
  }

  #fill(buffer: Buffer, at: number): void {
    for (let done = 0; done < buffer.length;) {
      const count = readSync(this.#fd, buffer, done, buffer.length - done, at + done);
      if (count === 0) throw new DamagedDatabaseError("file became shorter");
      done += count;
    }
  }
}

function holds(content: Buffer, at: number, key: string): boolean {
  for (let i = 0; i < key.length; i++) if (content[at + i] !== key.charCodeAt(i)) return false;
  return true;
}
