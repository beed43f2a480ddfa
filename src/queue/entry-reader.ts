/**
 * Brings entries from the disk: from the journal, where the message record has the header and the newest state record the rest,
 * or from the control file in the spool.
 */
import type { HeaderField } from "../mail/header.ts";
import {
  type DecodedRecord,
  decodeRecord,
  HEAD,
  isIntact,
  type MessageFacts,
  readHead,
  type RecordHead,
  type StateFacts,
} from "./journal-record.ts";
import type { JournalPlace } from "./item.ts";
import type { MessageIndex, RecordPlace } from "./message-index.ts";
import type { QueueEntry } from "./queue.ts";
import type { Segment } from "./segment.ts";
import type { SegmentChain } from "./segment-chain.ts";
import type { SpoolStore } from "./spool-store.ts";

/** What a message record says. */
export function entryOfMessage(id: string, { group, priority, nextTry, envelope }: MessageFacts): QueueEntry {
  return { id, envelope, group, priority, attempts: 0, nextTry };
}

const NO_HEADER: readonly HeaderField[] = [];

/** What a state record says; without a header. */
export function entryOfState(id: string, facts: StateFacts, headers = NO_HEADER): QueueEntry {
  return { id, ...facts, envelope: { ...facts.envelope, headers } };
}

/** What a state record has to say of an entry: all but its id and header, which JSON leaves out. */
export function stateOf(entry: QueueEntry): Record<string, unknown> {
  return { ...entry, id: undefined, envelope: { ...entry.envelope, headers: undefined } };
}

export interface ReadMessage {
  readonly entry: QueueEntry;
  /** Undefined: it lies in the spool. */
  readonly journal: JournalPlace | undefined;
  /** The body, when it came with what had to be read. */
  readonly body: Buffer | undefined;
}

/** Most messages with their bodies are not longer. */
const FIRST_LOOK = 6 << 10;
/** Longer bodies are not kept because they happened to be read. */
const SHORT_BODY = 64 << 10;

interface WholeRecord {
  readonly record: DecodedRecord;
  readonly octets: Buffer;
}

export interface EntryReaderParts {
  readonly index: MessageIndex;
  readonly spool: SpoolStore;
  readonly segments: SegmentChain;
  /** Changes that recovery found behind what the journal says of a message; they are made to what is read. */
  readonly later: ReadonlyMap<number, readonly ((entry: QueueEntry) => QueueEntry)[]>;
  /** Nothing that was last tried before `opened` (ms since the epoch) waits longer than until `latest`. */
  readonly opened: number;
  readonly latest: number;
}

export class EntryReader {
  readonly #parts: EntryReaderParts;

  constructor(parts: EntryReaderParts) {
    this.#parts = parts;
  }

  /**
   * The message of a row as the disk has it. Undefined when there is none any more.
   * @throws when it cannot be read
   */
  async read(row: number, id: string): Promise<ReadMessage | undefined> {
    const { index, spool, later } = this.#parts;
    const records = index.records(row);
    // As of now: whoever brings the message into memory takes them away while we read.
    const changes = later.get(row) ?? [];
    try {
      const read = records
        ? await this.#fromJournal(id, records.message, records.state)
        : { entry: await spool.read(id), journal: undefined, body: undefined };
      return { ...read, entry: this.#asItIs(read.entry, changes) };
    } catch (error) {
      // Moved, or gone, while we read.
      if (index.ids.find(id) !== row) return undefined;
      const now = index.records(row);
      const isElsewhere = records?.message.segment !== now?.message.segment || records?.state?.at !== now?.state?.at;
      if (isElsewhere) return this.read(row, id);
      throw error;
    }
  }

  async #fromJournal(id: string, message: RecordPlace, state: RecordPlace | undefined): Promise<ReadMessage> {
    const [{ record, octets }, newer] = await Promise.all([this.#record(message), state && this.#record(state)]);
    const facts = record.facts as MessageFacts;
    const entry = newer
      ? entryOfState(id, newer.record.facts as StateFacts, facts.envelope.headers)
      : entryOfMessage(id, facts);
    const segment = this.#parts.segments.numbered(message.segment)!;
    const { bodyAt, bodyLength } = record;
    return {
      entry,
      journal: { segment, at: message.at, bodyAt: message.at + bodyAt, bodyLength },
      body: bodyLength <= SHORT_BODY ? octets.subarray(bodyAt, bodyAt + bodyLength) : undefined,
    };
  }

  async #record({ segment: number, at }: RecordPlace): Promise<WholeRecord> {
    const segment = this.#parts.segments.numbered(number);
    if (segment === undefined) throw new Error(`Segment ${number} of the journal is not there`);
    const window = Buffer.allocUnsafe(FIRST_LOOK);
    let octets: Buffer = window.subarray(0, await segment.file.read(window, at));
    const head = readHead(octets, 0, number);
    if (head && head.length > octets.length) octets = await longer(segment, at, head, octets);
    if (!head || octets.length < HEAD || !isIntact(octets, 0, head)) {
      throw new Error(`The record at ${at} of ${segment.file.path} is damaged`);
    }
    return { record: decodeRecord(octets, 0, head), octets };
  }

  #asItIs(entry: QueueEntry, changes: readonly ((entry: QueueEntry) => QueueEntry)[]): QueueEntry {
    const { opened, latest } = this.#parts;
    let now = entry;
    for (const change of changes) now = change(now);
    const isOfBefore = (now.lastTry ?? now.envelope.arrived) < opened;
    return isOfBefore && now.nextTry > latest ? { ...now, nextTry: latest } : now;
  }
}

/** The rest of a record of which the beginning is there. */
async function longer({ file }: Segment, at: number, { length }: RecordHead, beginning: Buffer): Promise<Buffer> {
  const octets = Buffer.allocUnsafe(length);
  beginning.copy(octets);
  const count = await file.read(octets.subarray(beginning.length), at + beginning.length);
  return octets.subarray(0, beginning.length + count);
}
