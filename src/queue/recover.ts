/**
 * What is left of the journal when the queue opens: first its segments are opened and their first records read, which takes no
 * time; then their records are replayed, oldest first, to whoever wants to know which messages are not finished. Torn octets
 * are kept in files of their own and reported. Changes nothing in the segments.
 */
import { join } from "node:path";
import { withAttempt, withChanges, withHold } from "./entry.ts";
import { type FileOperations, reasonOf, unlinkIfThere } from "./file-operations.ts";
import { checkFormat } from "./format.ts";
import {
  type AttemptFacts,
  type DecodedRecord,
  HEAD,
  type HoldFacts,
  isIntact,
  decodeRecord,
  type MessageFacts,
  readHead,
  RecordType,
  type SegmentFacts,
  type SettleFacts,
  type StateFacts,
} from "./journal-record.ts";
import type { QueueEntry } from "./queue.ts";
import { Segment, segmentName, segmentNumber } from "./segment.ts";
import { readSegment } from "./segment-reader.ts";

/** Where a record stands. */
export interface Replayed {
  readonly segment: Segment;
  readonly at: number;
}

/** Hears what the records say, in their order. Those about messages that are finished mean nothing. */
export interface ReplayTarget {
  message(id: string, facts: MessageFacts, place: Replayed): void;
  state(id: string, facts: StateFacts, place: Replayed): void;
  change(id: string, apply: (entry: QueueEntry) => QueueEntry): void;
  gone(id: string): void;
}

export interface OpenedJournal {
  /** Oldest first, open for reading; each is kept by one message too many, which whoever has read them takes off. */
  readonly segments: readonly Segment[];
  /** Number of a segment → where its records end to count. */
  readonly cuts: ReadonlyMap<number, number>;
  /** For the next segment. */
  readonly nextNumber: number;
}

/** Record type → what it says. */
const replay: Readonly<Record<RecordType, (target: ReplayTarget, record: DecodedRecord, place: Replayed) => void>> = {
  [RecordType.segment]: () => undefined,
  [RecordType.message]: (target, { id, facts }, place) => {
    place.segment.messages++;
    target.message(id, facts as MessageFacts, place);
  },
  [RecordType.state]: (target, { id, facts }, place) => target.state(id, facts as StateFacts, place),
  [RecordType.attempt]: (target, { id, facts }) =>
    target.change(id, (entry) => withAttempt(entry, facts as AttemptFacts, (facts as AttemptFacts).priority)),
  [RecordType.settle]: (target, { id, facts }) =>
    target.change(id, (entry) => withChanges(entry, facts as SettleFacts)),
  [RecordType.hold]: (target, { id, facts }) =>
    target.change(id, (entry) => withHold(entry, (facts as HoldFacts).reason)),
  [RecordType.gone]: (target, { id }) => target.gone(id),
};

/** The first record of a segment, or undefined when it is damaged. */
async function readSegmentFacts(segment: Segment): Promise<SegmentFacts | undefined> {
  const buffer = Buffer.alloc(64 << 10);
  const octets = buffer.subarray(0, await segment.file.read(buffer, 0));
  const head = readHead(octets, 0, segment.number);
  if (head?.type !== RecordType.segment || octets.length < HEAD || !isIntact(octets, 0, head)) return undefined;
  const facts = decodeRecord(octets, 0, head).facts as SegmentFacts;
  checkFormat(segment.file.path, facts.format ?? 1);
  return facts;
}

/** Keeps damaged octets for somebody who wants to look at them; says where, or why not. */
async function setAside(files: FileOperations, path: string, octets: Buffer): Promise<{ kept: boolean; text: string }> {
  // The same damage was kept at an earlier start.
  if ((await files.facts(path))?.size === octets.length) return { kept: true, text: `kept in ${path}` };
  try {
    await unlinkIfThere(files, path);
    const file = await files.create(path, 0o600);
    try {
      await file.write([octets], 0);
      await file.datasync();
    } finally {
      await file.close();
    }
    return { kept: true, text: `kept in ${path}` };
  } catch (error) {
    return { kept: false, text: `cannot keep them in ${path}: ${reasonOf(error)}` };
  }
}

/**
 * Opens the segments of the journal in `folder`.
 * @throws what the file system says when one cannot be read; a queue that cannot be read must not be opened
 */
export async function openJournal(files: FileOperations, folder: string): Promise<OpenedJournal> {
  const numbers = (await files.list(folder))
    .map(segmentNumber)
    .filter((number) => number !== undefined)
    .toSorted((a, b) => a - b);
  const segments: Segment[] = [];
  const cuts = new Map<number, number>();
  try {
    for (const number of numbers) {
      const file = await files.open(join(folder, segmentName(number)), "read");
      const segment = new Segment(number, file, 0);
      // As if it had a message: nothing of it may be dropped before it was read.
      segment.live = 1;
      segments.push(segment);
      const facts = await readSegmentFacts(segment);
      segment.created = facts?.created ?? 0;
      for (const cut of facts?.cuts ?? []) cuts.set(cut.segment, cut.offset);
    }
  } catch (error) {
    for (const { file } of segments) await file.close().catch(() => undefined);
    throw error;
  }
  // Known before the replay: a new segment may have to repeat it.
  for (const segment of segments) {
    const cut = cuts.get(segment.number);
    if (cut === undefined) continue;
    segment.failed = true;
    segment.durable = cut;
  }
  return { segments, cuts, nextNumber: (segments.at(-1)?.number ?? 0) + 1 };
}

/** Octets of a segment that are no record. */
interface Damage {
  readonly segment: Segment;
  readonly from: number;
  readonly octets: Buffer;
}

/** Applies the records of one segment. */
async function replaySegment(
  segment: Segment,
  cut: number,
  target: ReplayTarget,
  reports: string[],
): Promise<Damage[]> {
  const damages: Damage[] = [];
  segment.messages = 0;
  segment.end = await readSegment(segment.file, segment.number, cut, {
    record(record, at) {
      try {
        replay[record.type](target, record, { segment, at });
      } catch (error) {
        // Only possible when a record before it was lost by the disk: say so and keep what there is.
        reports.push(`Cannot apply the record at ${at} of ${segment.file.path}: ${reasonOf(error)}`);
      }
    },
    damage: ({ from, octets }) => damages.push({ segment, from, octets: Buffer.from(octets) }),
  });
  segment.durable = segment.end;
  return damages;
}

/** Sets damaged octets aside; a segment whose damage cannot be kept elsewhere stays for this time. */
async function keepDamage(files: FileOperations, folder: string, damage: Damage): Promise<string> {
  const { segment, from, octets } = damage;
  const { kept, text } = await setAside(files, join(folder, `damaged-${segment.number}-${from}`), octets);
  if (!kept) segment.live++;
  const where = `${octets.length} octets at ${from} of ${segment.file.path} are no record`;
  return `${where} (torn by a crash and never acknowledged, unless the disk is failing); ${text}`;
}

/**
 * Reads all records of the journal in `folder`.
 * @returns what an operator should know
 * @throws what the file system says when a segment cannot be read
 */
export async function replayJournal(
  files: FileOperations,
  folder: string,
  { segments, cuts }: OpenedJournal,
  target: ReplayTarget,
  onDamage: "set aside" | "pass over" = "set aside",
): Promise<string[]> {
  const reports: string[] = [];
  for (const segment of segments) {
    const damages = await replaySegment(segment, cuts.get(segment.number) ?? Infinity, target, reports);
    if (onDamage === "pass over") continue;
    for (const damage of damages) reports.push(await keepDamage(files, folder, damage));
  }
  return reports;
}
