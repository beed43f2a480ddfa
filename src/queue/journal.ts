/**
 * The journal: records appended to segments, many waiters served by one write and one sync (group commit, DESIGN D5).
 *
 * While one batch is being written and synced the next one gathers. Records that nobody waits for ride along with
 * the next batch, or are written shortly afterwards and synced within a second. Knows nothing of what the records
 * mean, except that a message keeps its segment alive until `release`.
 *
 * Segments are dropped oldest first: the record that settles a message never stands in an older segment than the
 * message, so what is still on disk always tells the whole story.
 */
import { join } from "node:path";
import type { Clock } from "../sys/clock.ts";
import { type FileOperations, reasonOf, unlinkIfThere } from "./file-operations.ts";
import { type EncodedRecord, encodeRecord, RecordType } from "./journal-record.ts";
import { QueueUnavailableError } from "./queue.ts";
import { appendRecords, createSegment, growSegment, type Segment, segmentName, syncSegment } from "./segment.ts";

export interface JournalOptions {
  readonly files: FileOperations;
  readonly folder: string;
  readonly clock: Clock;
  /** A segment is full at this size; default 64 MB. */
  readonly segmentSize?: number;
  /** Octets that a segment is extended by, default 1 MB. */
  readonly step?: number;
  /** What an operator should know: failed segments, files that could not be removed. */
  readonly report: (text: string) => void;
}

/** Where a record went. */
export interface Place {
  readonly segment: Segment;
  /** Position of the record in the segment. */
  readonly at: number;
}

type Done = (error: QueueUnavailableError | undefined, place: Place | undefined) => void;

interface Pending {
  /** Absent for one that only waits for everything before it. */
  readonly record?: EncodedRecord;
  readonly type?: RecordType;
  /** Somebody waits until it is on stable storage. */
  readonly urgent: boolean;
  done?: Done;
}

/** How long a record that nobody waits for may wait for company, then for its sync; and for another try, in ms. */
const RIDE = 5;
const LAZY_SYNC = 1000;
const RETRY = 1000;
/** Octets kept free for attempts and settlements: 256 is about what a message needs from its first try to its end. */
const RESERVE = 4096;
const RESERVE_PER_MESSAGE = 256;
const LARGEST_RESERVE = 4 << 20;
/** Octets written in one go; what a failing batch can refuse at once. */
const BATCH = 8 << 20;

export class Journal {
  readonly #options: JournalOptions;
  readonly #segmentSize: number;
  readonly #step: number;
  readonly #segments: Segment[];
  #nextNumber: number;
  #current: Segment | undefined;
  #pending: Pending[] = [];
  /** How many of them are urgent. */
  #urgent = 0;
  /** Written to the current segment, not synced yet: written again when the segment fails. */
  #unsynced: Pending[] = [];
  #busy = false;
  #cancelRide: (() => void) | undefined;
  #cancelSync: (() => void) | undefined;
  #dropping: Promise<void> = Promise.resolve();
  #closed = false;

  /** @param recovered segments from before, oldest first, with their live counts */
  constructor(options: JournalOptions, recovered: readonly Segment[], nextNumber: number) {
    this.#options = options;
    this.#segmentSize = options.segmentSize ?? 64 << 20;
    this.#step = options.step ?? 1 << 20;
    this.#segments = [...recovered];
    this.#nextNumber = nextNumber;
    this.#dropFinished();
  }

  /** Oldest first; the last one may be the one that is written to. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** The segment that is being written to. */
  get current(): Segment | undefined {
    return this.#current;
  }

  /** Appends a record that nobody waits for. */
  note(type: RecordType, record: EncodedRecord): void {
    this.#pending.push({ record, type, urgent: false });
    this.#later(RIDE);
  }

  /**
   * Appends a record; `done` is called once, when it is on stable storage, or with the error that prevented it.
   * A message record is then forgotten; any other one stays and is written as soon as that is possible.
   */
  append(type: RecordType, record: EncodedRecord, done: Done): void {
    this.#push({ record, type, urgent: true, done });
  }

  /** Resolves when everything appended so far is on stable storage. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#push({ urgent: true, done: (error) => (error ? reject(error) : resolve()) });
    });
  }

  /**
   * Makes sure that a segment is open, so that a full or failing disk is known before a message is taken in.
   * @throws QueueUnavailableError
   */
  ready(): Promise<void> | undefined {
    return this.#current ? undefined : this.sync();
  }

  /** A message of this segment is finished; the segment goes with the last one. */
  release(segment: Segment): void {
    segment.live--;
    this.#dropFinished();
  }

  /** Writes and syncs what is pending, removes what is finished, closes the files. */
  async close(): Promise<void> {
    if (this.#closed) return;
    if (this.#busy || this.#pending.length > 0 || this.#unsynced.length > 0) {
      await this.sync().catch((error: unknown) => this.#options.report(`Cannot close the journal: ${reasonOf(error)}`));
    }
    this.#closed = true;
    this.#cancelRide?.();
    this.#cancelSync?.();
    if (this.#current) await this.#retire(this.#current);
    this.#dropFinished();
    await this.#dropping;
    for (const segment of this.#segments) await segment.file.close().catch(() => undefined);
  }

  #push(entry: Pending): void {
    if (this.#closed) {
      entry.done?.(new QueueUnavailableError("The queue is closed"), undefined);
      return;
    }
    this.#pending.push(entry);
    this.#urgent++;
    if (this.#busy) return;
    this.#busy = true;
    // Those who arrive in the same turn of the event loop go together.
    setImmediate(() => void this.#run());
  }

  /** Has pending records written after a while. */
  #later(ms: number): void {
    if (this.#busy || this.#cancelRide || this.#closed) return;
    this.#cancelRide = this.#options.clock.after(ms, () => {
      this.#cancelRide = undefined;
      if (this.#busy || this.#closed) return;
      this.#busy = true;
      void this.#run();
    });
  }

  /** Writes batch after batch until nobody waits. Never rejects. */
  async #run(): Promise<void> {
    this.#cancelRide?.();
    this.#cancelRide = undefined;
    let healthy = true;
    do {
      const batch = this.#take();
      healthy = await this.#commit(batch);
    } while (this.#urgent > 0);
    this.#busy = false;
    if (this.#pending.length > 0) this.#later(healthy ? RIDE : RETRY);
  }

  #take(): Pending[] {
    let length = 0;
    let count = 0;
    while (count < this.#pending.length && length < BATCH) length += this.#pending[count++].record?.length ?? 0;
    const batch = count === this.#pending.length ? this.#pending : this.#pending.slice(0, count);
    this.#pending = count === this.#pending.length ? [] : this.#pending.slice(count);
    for (const { urgent } of batch) if (urgent) this.#urgent--;
    return batch;
  }

  /** Writes one batch and tells everybody. False when it failed. */
  async #commit(batch: readonly Pending[]): Promise<boolean> {
    const records = batch.map(({ record }) => record).filter((record) => record !== undefined);
    const length = records.reduce((sum, record) => sum + record.length, 0);
    const others = batch.filter(({ type }) => type !== RecordType.message);
    const hasMessages = others.length < batch.length;
    let segment: Segment;
    let at: number;
    try {
      segment = await this.#segmentFor(length, hasMessages);
      at = segment.end;
      await this.#write(segment, batch, records);
    } catch (error) {
      if (!hasMessages || !(error instanceof QueueUnavailableError)) {
        await this.#refuse(batch, error);
        return false;
      }
      // No space for new mail; what is known about old mail still fits into the reserve.
      for (const { type, done } of batch) if (type === RecordType.message) done?.(error, undefined);
      return others.length === 0 || this.#commit(others);
    }
    for (const { record, type, done } of batch) {
      if (record === undefined) done?.(undefined, undefined);
      else {
        if (type === RecordType.message) {
          segment.live++;
          segment.messages++;
        }
        done?.(undefined, { segment, at });
        at += record.length;
      }
    }
    return true;
  }

  async #write(segment: Segment, batch: readonly Pending[], records: readonly EncodedRecord[]): Promise<void> {
    if (records.length > 0) await appendRecords(segment, records);
    if (batch.some(({ urgent }) => urgent)) {
      if (segment.end > segment.durable) await syncSegment(segment);
      this.#unsynced = [];
      return;
    }
    this.#unsynced.push(...batch);
    this.#cancelSync ??= this.#options.clock.after(LAZY_SYNC, () => {
      this.#cancelSync = undefined;
      // A failure is reported where it happens, and the records are written again.
      if (this.#unsynced.length > 0) this.sync().catch(() => undefined);
    });
  }

  /**
   * The segment that `length` octets go to, with room for them. New mail must leave a reserve for the records that
   * settle it: on a full disk, deliveries that cannot be recorded would all be repeated after the next start.
   */
  async #segmentFor(length: number, hasMessages: boolean): Promise<Segment> {
    const segment = this.#current;
    const room = length + (hasMessages ? this.#reserve() : 0);
    if (!segment) return this.#open(room);
    if (segment.end + length <= this.#segmentSize || segment.messages === 0) {
      await growSegment(segment, room, this.#step, this.#segmentSize);
      return segment;
    }
    if (this.#unsynced.length > 0) {
      await syncSegment(segment);
      this.#unsynced = [];
    }
    try {
      const next = await this.#open(room);
      await this.#retire(segment);
      return next;
    } catch (error) {
      if (hasMessages || !(error instanceof QueueUnavailableError)) throw error;
      await growSegment(segment, length, this.#step, this.#segmentSize);
      return segment;
    }
  }

  /** Octets kept free in the segment for records about the messages that are not finished. */
  #reserve(): number {
    let live = 0;
    for (const segment of this.#segments) live += segment.live;
    return Math.min(LARGEST_RESERVE, RESERVE + live * RESERVE_PER_MESSAGE);
  }

  async #open(length: number): Promise<Segment> {
    const { files, folder, clock } = this.#options;
    const cuts = this.#segments
      .filter(({ failed }) => failed)
      .map(({ number, durable }) => ({ segment: number, offset: durable }));
    const room = { length, step: this.#step, largest: this.#segmentSize };
    const segment = await createSegment(files, folder, this.#nextNumber++, { created: clock.now(), cuts }, room);
    this.#segments.push(segment);
    this.#current = segment;
    this.#dropFinished();
    return segment;
  }

  /** No more appending; gives the unused zeros back. */
  async #retire(segment: Segment): Promise<void> {
    if (this.#current === segment) this.#current = undefined;
    await segment.file.truncate(segment.end).catch(() => undefined);
  }

  /**
   * After a failure. When only space was missing, nothing is damaged. Otherwise the segment is closed for good, and
   * what stands behind its last successful sync is cut off: here if that works, and by a note in the next segment.
   */
  async #refuse(batch: readonly Pending[], error: unknown): Promise<void> {
    const unavailable =
      error instanceof QueueUnavailableError
        ? error
        : new QueueUnavailableError(`Cannot write to the queue: ${reasonOf(error)}`, { cause: error });
    const again: Pending[] = [];
    const segment = this.#current;
    if (segment && unavailable !== error) {
      this.#current = undefined;
      segment.failed = true;
      this.#options.report(`${segment.file.path} is closed for good: ${reasonOf(error)}`);
      again.push(...this.#unsynced);
      this.#unsynced = [];
      await segment.file.truncate(segment.durable).catch(() => undefined);
    }
    again.push(...batch.filter(({ record, type }) => record !== undefined && type !== RecordType.message));
    this.#pending.unshift(...again.map(({ record, type }) => ({ record, type, urgent: false })));
    for (const { done } of batch) done?.(unavailable, undefined);
  }

  /** Removes the oldest segments as long as nothing in them is live. */
  #dropFinished(): void {
    while (this.#segments.length > 0 && this.#segments[0] !== this.#current && this.#segments[0].live <= 0) {
      const segment = this.#segments.shift()!;
      this.#dropping = this.#dropping.then(() => this.#drop(segment));
    }
  }

  async #drop(segment: Segment): Promise<void> {
    const { files, folder, report } = this.#options;
    try {
      await segment.file.close();
      await unlinkIfThere(files, join(folder, segmentName(segment.number)));
    } catch (error) {
      report(`Cannot remove ${segment.file.path}: ${reasonOf(error)}`);
    }
  }
}

/** Appends a record and waits until it is on stable storage. Rejects as `append` says. */
export function appendDurably(journal: Journal, type: RecordType, id: string, facts: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    journal.append(type, encodeRecord(type, id, facts), (error) => (error ? reject(error) : resolve()));
  });
}
