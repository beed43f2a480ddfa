/**
 * What is left of the journal when the queue opens: reads all segments, oldest first, replays their records and
 * says which messages are not finished and where their bodies lie. Torn octets are kept in files of their own and
 * reported. Changes nothing in the segments.
 */
import { join } from "node:path";
import { withAttempt, withChanges, withHold } from "./entry.ts";
import { type FileOperations, reasonOf, unlinkIfThere } from "./file-operations.ts";
import { checkFormat } from "./format.ts";
import { withoutHeader } from "./item-header.ts";
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
} from "./journal-record.ts";
import type { QueueEntry } from "./queue.ts";
import { Segment, segmentName, segmentNumber } from "./segment.ts";
import { readSegment } from "./segment-reader.ts";

export interface RecoveredMessage {
  /** Without its header, which stays on the disk. */
  readonly entry: QueueEntry;
  readonly segment: Segment;
  /** Where its record begins, and the body in it. */
  readonly at: number;
  readonly bodyAt: number;
  readonly bodyLength: number;
}

export interface RecoveredJournal {
  readonly messages: ReadonlyMap<string, RecoveredMessage>;
  /** Oldest first, open for reading, with their live counts. */
  readonly segments: readonly Segment[];
  /** For the next segment. */
  readonly nextNumber: number;
  readonly reports: readonly string[];
}

type Messages = Map<string, RecoveredMessage>;

/** Applies a change to a message that is still there; records about finished ones mean nothing. */
function change(messages: Messages, id: string, apply: (entry: QueueEntry) => QueueEntry): void {
  const message = messages.get(id);
  if (message) messages.set(id, { ...message, entry: apply(message.entry) });
}

function addMessage(messages: Messages, segment: Segment, record: DecodedRecord, at: number): void {
  const { group, priority, nextTry, envelope } = record.facts as MessageFacts;
  const { id, bodyLength } = record;
  const entry = withoutHeader({ id, envelope, group, priority, attempts: 0, nextTry });
  messages.set(id, { entry, segment, at, bodyAt: at + record.bodyAt, bodyLength });
  segment.messages++;
}

/** Record type → what it does to the messages known so far. */
const replay: Readonly<Record<RecordType, (m: Messages, segment: Segment, record: DecodedRecord, at: number) => void>> =
  {
    [RecordType.segment]: () => undefined,
    [RecordType.message]: addMessage,
    [RecordType.attempt]: (messages, _, { id, facts }) =>
      change(messages, id, (entry) => withAttempt(entry, facts as AttemptFacts, (facts as AttemptFacts).priority)),
    [RecordType.settle]: (messages, _, { id, facts }) =>
      change(messages, id, (entry) => withChanges(entry, facts as SettleFacts)),
    [RecordType.hold]: (messages, _, { id, facts }) =>
      change(messages, id, (entry) => withHold(entry, (facts as HoldFacts).reason)),
    [RecordType.gone]: (messages, _, { id }) => void messages.delete(id),
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

async function openSegments(
  files: FileOperations,
  folder: string,
): Promise<{ segments: Segment[]; cuts: Map<number, number> }> {
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
      segments.push(segment);
      const facts = await readSegmentFacts(segment);
      segment.created = facts?.created ?? 0;
      for (const cut of facts?.cuts ?? []) cuts.set(cut.segment, cut.offset);
    }
  } catch (error) {
    for (const { file } of segments) await file.close().catch(() => undefined);
    throw error;
  }
  return { segments, cuts };
}

/** Octets of a segment that are no record. */
interface Damage {
  readonly segment: Segment;
  readonly from: number;
  readonly octets: Buffer;
}

/** Applies the records of one segment. */
async function replaySegment(segment: Segment, cut: number, messages: Messages, reports: string[]): Promise<Damage[]> {
  const damages: Damage[] = [];
  segment.end = await readSegment(segment.file, segment.number, cut, {
    record(record, at) {
      try {
        replay[record.type](messages, segment, record, at);
      } catch (error) {
        // Only possible when a record before it was lost by the disk: say so and keep what there is.
        reports.push(`Cannot apply the record at ${at} of ${segment.file.path}: ${reasonOf(error)}`);
      }
    },
    damage: ({ from, octets }) => damages.push({ segment, from, octets: Buffer.from(octets) }),
  });
  segment.durable = segment.end;
  segment.failed = cut !== Infinity;
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
 * Reads the journal in `folder`; the segments that it returns are open.
 * @throws what the file system says when a segment cannot be read; a queue that cannot be read must not be opened
 */
export async function recoverJournal(
  files: FileOperations,
  folder: string,
  onDamage: "set aside" | "pass over" = "set aside",
): Promise<RecoveredJournal> {
  const { segments, cuts } = await openSegments(files, folder);
  const messages: Messages = new Map();
  const reports: string[] = [];
  try {
    for (const segment of segments) {
      const damages = await replaySegment(segment, cuts.get(segment.number) ?? Infinity, messages, reports);
      if (onDamage === "pass over") continue;
      for (const damage of damages) reports.push(await keepDamage(files, folder, damage));
    }
  } catch (error) {
    for (const { file } of segments) await file.close().catch(() => undefined);
    throw error;
  }
  for (const { segment } of messages.values()) segment.live++;
  return { messages, segments, nextNumber: (segments.at(-1)?.number ?? 0) + 1, reports };
}
