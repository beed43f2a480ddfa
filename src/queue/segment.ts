/**
 * One file of the journal: opened, filled with zeros ahead of its records, appended to, dropped as a whole.
 *
 * The zeros are there because a sync that has to record new blocks or a new file size costs a multiple of one that
 * only writes over what is allocated. They come in steps, so that a small queue is a small file and a nearly full
 * disk still takes what fits.
 */
import { join } from "node:path";
import type { FileOperations, OpenFile } from "./file-operations.ts";
import { hasCode, reasonOf, unlinkIfThere } from "./file-operations.ts";
import { encodeRecord, type EncodedRecord, RecordType, sealRecord, type SegmentFacts } from "./journal-record.ts";
import { QueueUnavailableError } from "./queue.ts";

export class Segment {
  readonly number: number;
  readonly file: OpenFile;
  /** Ms since the epoch. */
  created: number;
  /** Where the next record goes. */
  end = 0;
  /** Up to here everything is on stable storage. */
  durable = 0;
  /** Octets that the file system has given us; zeros from `end` on. */
  allocated = 0;
  /** Messages in it that are not finished, and all that it ever had. */
  live = 0;
  messages = 0;
  /** A write or a sync failed: nothing is appended any more. */
  failed = false;

  constructor(number: number, file: OpenFile, created: number) {
    this.number = number;
    this.file = file;
    this.created = created;
  }
}

const ZEROS = Buffer.alloc(1 << 20);

/** "00000012.journal" */
export function segmentName(number: number): string {
  return `${String(number).padStart(8, "0")}.journal`;
}

/** The number in a segment's name, or undefined for other files. */
export function segmentNumber(name: string): number | undefined {
  const found = /^(\d{8,12})\.journal$/.exec(name);
  return found ? Number(found[1]) : undefined;
}

/** Space is short: for now only, and nothing is damaged. */
function isFull(error: unknown): boolean {
  return hasCode(error, "ENOSPC") || hasCode(error, "EDQUOT") || hasCode(error, "EFBIG");
}

function noSpace(error: unknown): QueueUnavailableError {
  return new QueueUnavailableError(`No space in the queue: ${reasonOf(error)}`, { cause: error });
}

async function writeZeros(file: OpenFile, from: number, to: number): Promise<void> {
  for (let at = from; at < to;) {
    const parts: Buffer[] = [];
    for (let size = 0; at + size < to && parts.length < 16; size += parts.at(-1)!.length) {
      parts.push(ZEROS.subarray(0, Math.min(ZEROS.length, to - at - size)));
    }
    await file.write(parts, at);
    at += parts.reduce((sum, part) => sum + part.length, 0);
  }
}

/**
 * Makes room for `length` more octets: a whole step if it fits on the disk, else half of it, and so on.
 * @throws QueueUnavailableError when not even `length` octets fit; the segment is as good as before
 */
export async function growSegment(segment: Segment, length: number, step: number, largest: number): Promise<void> {
  const needed = segment.end + length;
  if (needed <= segment.allocated) return;
  let target = Math.max(needed, Math.min(segment.allocated + step, largest));
  for (;;) {
    try {
      await writeZeros(segment.file, segment.allocated, target);
      segment.allocated = target;
      return;
    } catch (error) {
      if (!isFull(error)) throw error;
      // Gives back what the failed try took.
      await segment.file.truncate(segment.allocated).catch(() => undefined);
      if (target === needed) throw noSpace(error);
      target = Math.max(needed, segment.allocated + Math.floor((target - segment.allocated) / 2));
    }
  }
}

/** Writes records behind each other without waiting for stable storage. The caller has made room. */
export async function appendRecords(segment: Segment, records: readonly EncodedRecord[]): Promise<void> {
  const parts: Buffer[] = [];
  let length = 0;
  for (const record of records) {
    sealRecord(record, segment.number);
    parts.push(...record.parts);
    length += record.length;
  }
  await segment.file.write(parts, segment.end);
  segment.end += length;
}

export async function syncSegment(segment: Segment): Promise<void> {
  const { end } = segment;
  await segment.file.datasync();
  segment.durable = end;
}

/** A new segment with its first record, durable. Leaves nothing behind when it fails. */
export async function createSegment(
  files: FileOperations,
  folder: string,
  number: number,
  facts: SegmentFacts,
  room: { readonly length: number; readonly step: number; readonly largest: number },
): Promise<Segment> {
  const path = join(folder, segmentName(number));
  const file = await files.create(path, 0o600).catch((error: unknown) => {
    throw isFull(error) ? noSpace(error) : error;
  });
  try {
    const segment = new Segment(number, file, facts.created);
    const first = encodeRecord(RecordType.segment, "", facts);
    await growSegment(segment, first.length + room.length, room.step, room.largest);
    await appendRecords(segment, [first]);
    await syncSegment(segment);
    await files.syncFolder(folder);
    return segment;
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlinkIfThere(files, path).catch(() => undefined);
    throw isFull(error) ? noSpace(error) : error;
  }
}
