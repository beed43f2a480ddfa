/**
 * Reads a segment record by record. Where no good record stands, it looks for the next one: a torn tail is the usual
 * end after a crash, but a hole with good records behind it loses no more than the hole.
 */
import type { OpenFile } from "./file-operations.ts";
import { type DecodedRecord, decodeRecord, findMagic, HEAD, isIntact, readHead } from "./journal-record.ts";

/**
 * Octets from `from` to `to` that are no record and not just unused zeros. Zeros are damage, too, where records stand behind them
 * or are known to have stood; fewer `octets` than that: the file ends before.
 */
export interface Damage {
  readonly from: number;
  readonly to: number;
  readonly octets: Buffer;
}

export interface SegmentReading {
  record(record: DecodedRecord, at: number): void;
  damage(damage: Damage): void;
}

const WINDOW = 1 << 20;

/** A part of the file in memory that moves forward. */
class Window {
  readonly #file: OpenFile;
  buffer: Buffer = Buffer.alloc(0);
  /** Position in the file where the buffer begins. */
  start = 0;

  constructor(file: OpenFile) {
    this.#file = file;
  }

  /** Makes `length` octets from `at` available if the file has them; returns their offset in the buffer. */
  async load(at: number, length: number): Promise<number> {
    const offset = at - this.start;
    if (offset >= 0 && offset + length <= this.buffer.length) return offset;
    const buffer = Buffer.allocUnsafe(Math.max(length, WINDOW));
    this.buffer = buffer.subarray(0, await this.#file.read(buffer, at));
    this.start = at;
    return 0;
  }
}

/** End of what is not zero. */
function usedLength(octets: Buffer): number {
  let end = octets.length;
  while (end > 0 && octets[end - 1] === 0) end--;
  return end;
}

/**
 * @param cut records from this position on do not count (Infinity for none)
 * @param known up to here records stood once (0 when nobody noted that)
 * @returns where the last good record ends
 */
export async function readSegment(
  file: OpenFile,
  segment: number,
  cut: number,
  known: number,
  reading: SegmentReading,
): Promise<number> {
  const size = Math.min((await file.facts()).size, cut);
  const window = new Window(file);
  let at = 0;
  let end = 0;
  while (at + HEAD <= size) {
    let offset = await window.load(at, HEAD);
    const head = readHead(window.buffer, offset, segment);
    if (head && at + head.length <= size) {
      offset = await window.load(at, head.length);
      if (isIntact(window.buffer, offset, head)) {
        reading.record(decodeRecord(window.buffer, offset, head), at);
        at += head.length;
        end = at;
        continue;
      }
    }
    at = await skipDamage(window, { segment, at, size, known }, reading);
  }
  if (Math.min(known, cut) > size) reading.damage({ from: size, to: Math.min(known, cut), octets: Buffer.alloc(0) });
  return end;
}

/** Reports what lies between `at` and the next good record; returns where that one begins, or the end. */
async function skipDamage(
  window: Window,
  { segment, at, size, known }: Record<"segment" | "at" | "size" | "known", number>,
  reading: SegmentReading,
): Promise<number> {
  const offset = await window.load(at, size - at);
  const rest = window.buffer.subarray(offset, offset + size - at);
  let next = findMagic(rest, 1);
  for (; next >= 0; next = findMagic(rest, next + 1)) {
    const head = readHead(rest, next, segment);
    if (head && isIntact(rest, next, head)) break;
  }
  const damaged = rest.subarray(0, next < 0 ? rest.length : next);
  const used = next < 0 ? Math.max(usedLength(damaged), Math.min(known, size) - at) : damaged.length;
  if (used > 0) reading.damage({ from: at, to: at + used, octets: damaged.subarray(0, used) });
  return next < 0 ? size : at + next;
}
