/** Writes constant databases (cdb.ts describes the format): records as they come, then the tables, then the head. */
import { HEAD_SIZE, cdbHash } from "./cdb.ts";

/** Where the octets go; sys/atomic-file.ts is one. */
export interface OctetSink {
  /** Appends. */
  write(octets: Buffer): void;
  /** Replaces octets written before. */
  overwrite(octets: Buffer, at: number): void;
}

/** Positions have 32 bits. */
const LARGEST = 0xffffffff;

export class CdbWriter {
  readonly #sink: OctetSink;
  /** Per first octet of the hash: hash, position, hash, position ... */
  readonly #tables: number[][] = Array.from({ length: 256 }, () => []);
  #at = HEAD_SIZE;

  constructor(sink: OctetSink) {
    this.#sink = sink;
    sink.write(Buffer.alloc(HEAD_SIZE));
  }

  /** Adds a record; keys and values are latin1 strings. Several records may have the same key. Throws RangeError above 4 GB. */
  add(key: string, value: string): void {
    const size = 8 + key.length + value.length;
    if (this.#at + size > LARGEST) throw new RangeError("database larger than 4 GB");
    const record = Buffer.alloc(size);
    record.writeUInt32LE(key.length, 0);
    record.writeUInt32LE(value.length, 4);
    record.write(key, 8, "latin1");
    record.write(value, 8 + key.length, "latin1");
    this.#sink.write(record);
    const hash = cdbHash(key);
    this.#tables[hash & 255].push(hash, this.#at);
    this.#at += size;
  }

  /** Writes tables and head. The writer is of no use afterwards. */
  finish(): void {
    const head = Buffer.alloc(HEAD_SIZE);
    this.#tables.forEach((entries, index) => {
      head.writeUInt32LE(this.#at, index * 8);
      // Two slots for each record (the entries array has two numbers): a key that is not there is soon known.
      const slots = entries.length;
      head.writeUInt32LE(slots, index * 8 + 4);
      if (slots === 0) return;
      const table = tableOf(entries, slots);
      if (this.#at + table.length > LARGEST) throw new RangeError("database larger than 4 GB");
      this.#sink.write(table);
      this.#at += table.length;
    });
    this.#sink.overwrite(head, 0);
  }
}

function tableOf(entries: readonly number[], slots: number): Buffer {
  const table = Buffer.alloc(slots * 8);
  for (let i = 0; i < entries.length; i += 2) {
    let slot = (entries[i] >>> 8) % slots;
    while (table.readUInt32LE(slot * 8 + 4) !== 0) slot = slot + 1 === slots ? 0 : slot + 1;
    table.writeUInt32LE(entries[i], slot * 8);
    table.writeUInt32LE(entries[i + 1], slot * 8 + 4);
  }
  return table;
}
