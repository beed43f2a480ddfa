/**
 * The journal: records appended to segments, many waiters served by one write and one sync (group commit, decision D5).
 *
 * While one batch is being written and synced the next one gathers. Records that nobody waits for ride along with
 * the next batch, or are written shortly afterwards and synced within a second. Knows nothing of what the records
 * mean, except that a message keeps its segment alive until `release`.
 */
import type { Clock } from "../sys/clock.ts";
import { reasonOf } from "./file-operations.ts";
import { type EncodedRecord, encodeRecord, RecordType } from "./journal-record.ts";
import { QueueUnavailableError } from "./queue.ts";
import { appendRecords, type Segment, syncSegment } from "./segment.ts";
import type { SegmentChain } from "./segment-chain.ts";

export interface JournalOptions {
  readonly clock: Clock;
  /** What an operator should know. */
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
  readonly done?: Done;
  /** Not written later when it could not be written now. */
  readonly nowOrNever?: boolean;
  /** Told when the record is on stable storage, however late that is. */
  readonly placed?: ((place: Place) => void) | undefined;
  /** Where it was written. */
  place?: Place;
}

/** How long a record that nobody waits for may wait for company, then for its sync; and for another try, in ms. */
const RIDE = 5;
const LAZY_SYNC = 1000;
const RETRY = 1000;
/** Octets written in one go; what a failing batch can refuse at once. */
const BATCH = 8 << 20;

const isMessage = ({ type }: Pending): boolean => type === RecordType.message;
const isKept = (each: Pending): boolean => each.record !== undefined && !isMessage(each) && each.nowOrNever !== true;

export class Journal {
  readonly segments: SegmentChain;
  readonly #options: JournalOptions;
  #pending: Pending[] = [];
  /** How many of them are urgent. */
  #urgent = 0;
  /** Written to the current segment, not synced yet: written again when the segment fails. */
  #unsynced: Pending[] = [];
  #busy = false;
  #cancelRide: (() => void) | undefined;
  #cancelSync: (() => void) | undefined;
  #closed = false;

  constructor(segments: SegmentChain, options: JournalOptions) {
    this.segments = segments;
    this.#options = options;
  }

  /**
   * Appends a record that nobody waits for.
   * @param placed hears where it stands when it is on stable storage
   */
  note(type: RecordType, record: EncodedRecord, placed?: (place: Place) => void): void {
    this.#pending.push({ record, type, urgent: false, placed });
    this.#later(RIDE);
  }

  /**
   * Appends a record; `done` is called once, when it is on stable storage, or with the error that prevented it.
   * A message record is then forgotten, and what is to be done now or never; any other one stays and is written as soon as that
   * is possible.
   */
  append(type: RecordType, record: EncodedRecord, done: Done, when?: "now or never"): void {
    this.#push({ record, type, urgent: true, done, nowOrNever: when !== undefined });
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
    return this.segments.current ? undefined : this.sync();
  }

  /** A message of this segment is finished. */
  release(segment: Segment): void {
    this.segments.release(segment);
  }

  /** Writes and syncs what is pending, closes the segments. */
  async close(): Promise<void> {
    if (this.#closed) return;
    if (this.#busy || this.#pending.length > 0 || this.#unsynced.length > 0) {
      await this.sync().catch((error: unknown) => this.#options.report(`Cannot close the journal: ${reasonOf(error)}`));
    }
    this.#closed = true;
    this.#cancelRide?.();
    this.#cancelSync?.();
    await this.segments.close();
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
      healthy = await this.#commit(this.#take());
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
    const hasMessages = batch.some(isMessage);
    let segment: Segment;
    try {
      segment = await this.segments.withRoom(length, hasMessages);
      await this.#write(segment, batch, records);
    } catch (error) {
      if (hasMessages && error instanceof QueueUnavailableError) return this.#commitOthers(batch, error);
      await this.#refuse(batch, error);
      return false;
    }
    for (const each of batch) {
      if (isMessage(each)) {
        segment.live++;
        segment.messages++;
      }
      each.done?.(undefined, each.place);
    }
    return true;
  }

  async #write(segment: Segment, batch: readonly Pending[], records: readonly EncodedRecord[]): Promise<void> {
    this.#dropSynced();
    let at = segment.end;
    if (records.length > 0) await appendRecords(segment, records);
    for (const each of batch) {
      if (each.record === undefined) continue;
      each.place = { segment, at };
      at += each.record.length;
    }
    if (batch.some(({ urgent }) => urgent)) {
      await this.#makeDurable(segment, batch.some(isMessage));
      this.#unsynced.push(...batch);
      this.#tellPlaces();
      return;
    }
    this.#unsynced.push(...batch);
    this.#cancelSync ??= this.#options.clock.after(LAZY_SYNC, () => {
      this.#cancelSync = undefined;
      // A failure is reported where it happens, and the records are written again.
      if (this.#unsynced.length > 0) this.sync().catch(() => undefined);
    });
  }

  /** @param hasMessages a folder that somebody has removed or moved away keeps nothing: that is looked at for each new mail */
  async #makeDurable(segment: Segment, hasMessages: boolean): Promise<void> {
    const { durable } = segment;
    // Both at once: looking takes no time of its own.
    const [, isThere] = await Promise.all([
      segment.end > durable ? syncSegment(segment) : undefined,
      hasMessages ? segment.file.isInPlace() : true,
    ]);
    if (isThere) return;
    segment.durable = durable;
    throw new Error("the file is no longer where it was made; somebody has removed or moved the folder");
  }

  /** No space for new mail: what is known about old mail still fits into the reserve. */
  async #commitOthers(batch: readonly Pending[], error: QueueUnavailableError): Promise<boolean> {
    for (const each of batch) if (isMessage(each)) each.done?.(error, undefined);
    const others = batch.filter((each) => !isMessage(each));
    return others.length === 0 || this.#commit(others);
  }

  /** After a failure: new mail is refused, everything else stays and is written when that is possible again. */
  async #refuse(batch: readonly Pending[], error: unknown): Promise<void> {
    const again = batch.filter(isKept);
    if (error instanceof QueueUnavailableError) {
      this.#keep(again);
      for (const { done } of batch) done?.(error, undefined);
      return;
    }
    this.#dropSynced();
    this.#keep([...this.#unsynced, ...again]);
    this.#unsynced = [];
    await this.segments.fail(error);
    const unavailable = new QueueUnavailableError(`Cannot write to the queue: ${reasonOf(error)}`, { cause: error });
    for (const { done } of batch) done?.(unavailable, undefined);
  }

  /** A segment that is full is synced before the next one is opened. */
  #dropSynced(): void {
    const { current } = this.segments;
    if (current && current.durable === current.end) this.#tellPlaces();
  }

  /** All that was written is on stable storage. */
  #tellPlaces(): void {
    const synced = this.#unsynced;
    this.#unsynced = [];
    for (const { place, placed } of synced) if (place) placed?.(place);
  }

  /** Puts records in front of the next batch; nobody waits for them any more. */
  #keep(entries: readonly Pending[]): void {
    const lazy = entries.filter(({ record }) => record !== undefined);
    this.#pending.unshift(...lazy.map(({ record, type, placed }) => ({ record, type, urgent: false, placed })));
  }
}

/** Appends a record and waits until it is on stable storage. Rejects as `append` says. */
export function appendDurably(
  journal: Journal,
  type: RecordType,
  id: string,
  facts: unknown,
  when?: "now or never",
): Promise<void> {
  return new Promise((resolve, reject) => {
    journal.append(type, encodeRecord(type, id, facts), (error) => (error ? reject(error) : resolve()), when);
  });
}
