/**
 * What is left of the journal when the queue opens: first its segments are opened and their first records read, which takes no
 * time; then their records are replayed, oldest first, to whoever wants to know which messages are not finished. Torn octets
 * are kept in files of their own and reported. Changes nothing in the segments.
 */
import { join } from "node:path";
import { withAttempt, withChanges, withHold } from "./entry.ts";
import { keepDamage } from "./damage.ts";
import { type FileOperations, reasonOf } from "./file-operations.ts";
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
import type { Changes, QueueEntry } from "./queue.ts";
import { Segment, segmentName, segmentNumber } from "./segment.ts";
import { type Damage, readSegment } from "./segment-reader.ts";

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
  /** Number of a segment → up to where records stood in it, as the next one noted. */
  readonly ends: ReadonlyMap<number, number>;
  /** Segments that are not there and should be, in words. */
  readonly missing: readonly string[];
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
    target.change(id, (entry) => withChanges(entry, notTwice(entry, facts as SettleFacts))),
  [RecordType.hold]: (target, { id, facts }) =>
    target.change(id, (entry) => withHold(entry, (facts as HoldFacts).reason)),
  [RecordType.gone]: (target, { id }) => target.gone(id),
};

/** The changes without recipients that another copy of the record has added. */
function notTwice({ envelope }: QueueEntry, { from, ...changes }: SettleFacts): Changes {
  if (from === undefined || changes.added === undefined || envelope.recipients.length <= from) return changes;
  return { ...changes, added: changes.added.slice(envelope.recipients.length - from) };
}

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
  const ends = new Map<number, number>();
  try {
    for (const number of numbers) {
      const file = await files.open(join(folder, segmentName(number)), "read");
      const segment = new Segment(number, file, 0);
      // As if it had a message: nothing of it may be dropped before it was read.
      segment.live = 1;
      segments.push(segment);
      const facts = await readSegmentFacts(segment);
      segment.created = facts?.created ?? 0;
      if (facts?.before) ends.set(facts.before.segment, facts.before.end);
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
  // The oldest go first, so that one between others was not dropped but lost.
  const missing = [...ends.keys()]
    .filter((number) => number > numbers[0] && !numbers.includes(number))
    .map((number) => `${join(folder, segmentName(number))} is missing, with the messages and changes that stood in it`);
  return { segments, cuts, ends, missing, nextNumber: (segments.at(-1)?.number ?? 0) + 1 };
}

/** Applies the records of one segment. */
async function replaySegment(
  segment: Segment,
  { cuts, ends }: Pick<OpenedJournal, "cuts" | "ends">,
  target: ReplayTarget,
  reports: string[],
): Promise<Damage[]> {
  const damages: Damage[] = [];
  segment.messages = 0;
  const { number } = segment;
  segment.end = await readSegment(segment.file, number, cuts.get(number) ?? Infinity, ends.get(number) ?? 0, {
    record(record, at) {
      try {
        replay[record.type](target, record, { segment, at });
      } catch (error) {
        // Only possible when a record before it was lost by the disk: say so and keep what there is.
        reports.push(`Cannot apply the record at ${at} of ${segment.file.path}: ${reasonOf(error)}`);
      }
    },
    damage: (damage) => damages.push({ ...damage, octets: Buffer.from(damage.octets) }),
  });
  segment.durable = segment.end;
  return damages;
}

/**
 * Reads all records of the journal in `folder`.
 * @returns what an operator should know
 * @throws what the file system says when a segment cannot be read
 */
export async function replayJournal(
  files: FileOperations,
  folder: string,
  opened: OpenedJournal,
  target: ReplayTarget,
  onDamage: "set aside" | "pass over" = "set aside",
): Promise<string[]> {
  const reports = [...opened.missing];
  for (const segment of opened.segments) {
    const damages = await replaySegment(segment, opened, target, reports);
    if (onDamage === "pass over") continue;
    for (const damage of damages) reports.push(await keepDamage(files, folder, segment, damage));
  }
  return reports;
}
