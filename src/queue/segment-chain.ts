/**
 * The segments of a journal, oldest first: which one is written to, when a new one begins, when old ones go.
 *
 * Segments are dropped oldest first: the record that settles a message never stands in an older segment than the
 * message, so what is still on disk always tells the whole story.
 */
import { join } from "node:path";
import type { Clock } from "../sys/clock.ts";
import { QUEUE_FORMAT } from "./format.ts";
import { LINGERING } from "./compaction.ts";
import { type FileOperations, reasonOf, unlinkIfThere } from "./file-operations.ts";
import { QueueUnavailableError } from "./queue.ts";
import { createSegment, growSegment, type Segment, segmentName, syncSegment } from "./segment.ts";

export interface SegmentChainOptions {
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

/** Octets kept free for attempts and settlements: 256 is about what a message needs from its first try to its end. */
const RESERVE = 4096;
const RESERVE_PER_MESSAGE = 256;
const LARGEST_RESERVE = 4 << 20;
/** When a segment that could not be removed is tried again at the earliest, ms. */
const RETRY = 10_000;

export class SegmentChain {
  readonly #options: SegmentChainOptions;
  readonly #segmentSize: number;
  readonly #step: number;
  readonly #segments: Segment[];
  #nextNumber: number;
  #current: Segment | undefined;
  #dropping: Promise<void> | undefined;
  /** Ms since the epoch; the last try failed. */
  #dropAgain: number | undefined;

  /** @param recovered segments from before, oldest first, with their live counts */
  constructor(options: SegmentChainOptions, recovered: readonly Segment[], nextNumber: number) {
    this.#options = options;
    this.#segmentSize = options.segmentSize ?? 64 << 20;
    this.#step = options.step ?? 1 << 20;
    this.#segments = [...recovered];
    this.#nextNumber = nextNumber;
    this.#dropFinished();
  }

  /** Oldest first; the last one may be the one that is written to. */
  get all(): readonly Segment[] {
    return this.#segments;
  }

  numbered(number: number): Segment | undefined {
    return this.#segments.find((segment) => segment.number === number);
  }

  /** The segment that is being written to. */
  get current(): Segment | undefined {
    return this.#current;
  }

  /**
   * The segment that `length` octets go to, with room for them. New mail must leave a reserve for the records that
   * settle it: on a full disk, deliveries that cannot be recorded would all be repeated after the next start.
   * @throws QueueUnavailableError when only space is missing and nothing is damaged
   */
  async withRoom(length: number, hasMessages: boolean): Promise<Segment> {
    const segment = this.#current;
    const room = length + (hasMessages ? this.#reserve() : 0);
    if (!segment) return this.#open(room);
    const isFull = segment.end + length > this.#segmentSize;
    const isOld = this.#options.clock.now() - segment.created >= LINGERING;
    if ((!isFull && !isOld) || segment.messages === 0) {
      await growSegment(segment, room, this.#step, this.#segmentSize);
      return segment;
    }
    if (segment.end > segment.durable) await syncSegment(segment);
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

  /**
   * Closes the current segment for good after a failure, and cuts off what stands behind its last successful sync:
   * here if that works, and by a note in the next segment.
   */
  async fail(error: unknown): Promise<void> {
    const segment = this.#current;
    if (!segment) return;
    this.#current = undefined;
    segment.failed = true;
    this.#options.report(`${segment.file.path} is closed for good: ${reasonOf(error)}`);
    await segment.file.truncate(segment.durable).catch(() => undefined);
  }

  /** A message of this segment is finished; the segment goes with the last one. */
  release(segment: Segment): void {
    segment.live--;
    this.#dropFinished();
  }

  /** Removes what is finished and closes the files. */
  async close(): Promise<void> {
    if (this.#current) await this.#retire(this.#current);
    await this.#dropping;
    this.#dropAgain = undefined;
    this.#dropFinished();
    await this.#dropping;
    for (const segment of this.#segments) await segment.file.close().catch(() => undefined);
  }

  /** Octets kept free for records about the messages that are not finished. */
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
    const last = this.#segments.at(-1);
    // Nothing is appended to it any more: a full one was synced, a failed one is cut, one of an earlier process is over.
    const before = last && { segment: last.number, end: last.durable };
    const facts = { format: QUEUE_FORMAT, created: clock.now(), ...(before ? { before } : {}), cuts };
    const room = { length, step: this.#step, largest: this.#segmentSize };
    const segment = await createSegment(files, folder, this.#nextNumber++, facts, room);
    this.#segments.push(segment);
    this.#current = segment;
    this.#dropFinished();
    return segment;
  }

  /** No more appending; gives the unused zeros back. */
  async #retire(segment: Segment): Promise<void> {
    if (this.#current === segment) this.#current = undefined;
    await segment.file.truncate(segment.end).catch(() => undefined);
    this.#dropFinished();
  }

  /**
   * Removes the oldest segments as long as nothing in them is live. One that cannot be removed keeps all later ones: with the
   * records that settle its messages gone, the next start would find them unfinished.
   */
  #dropFinished(): void {
    if (this.#dropping !== undefined || this.#finished === undefined) return;
    if (this.#dropAgain !== undefined && this.#options.clock.now() < this.#dropAgain) return;
    this.#dropping = this.#dropAll().finally(() => {
      this.#dropping = undefined;
    });
  }

  /** The oldest, when it can go. */
  get #finished(): Segment | undefined {
    const oldest = this.#segments.at(0);
    return oldest !== undefined && oldest !== this.#current && oldest.live <= 0 ? oldest : undefined;
  }

  async #dropAll(): Promise<void> {
    for (let oldest = this.#finished; oldest !== undefined; oldest = this.#finished) {
      if (!(await this.#drop(oldest))) return;
      this.#segments.shift();
    }
  }

  async #drop(segment: Segment): Promise<boolean> {
    const { files, folder, clock, report } = this.#options;
    try {
      await segment.file.close();
      await unlinkIfThere(files, join(folder, segmentName(segment.number)));
      // A power failure must not bring this one back without the next.
      await files.syncFolder(folder);
      this.#dropAgain = undefined;
      return true;
    } catch (error) {
      if (this.#dropAgain === undefined) report(`Cannot remove ${segment.file.path}: ${reasonOf(error)}`);
      this.#dropAgain = clock.now() + RETRY;
      return false;
    }
  }
}
