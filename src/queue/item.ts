/**
 * A message that somebody works on, with its entry in memory, and what all parts of the store on disk share. Of all others
 * there is only a row of the index (message-index.ts).
 */
import type { Clock } from "../sys/clock.ts";
import type { QueueEntry } from "./queue.ts";
import type { Segment } from "./segment.ts";

/** Where the body of a message in the journal lies. */
export interface JournalPlace {
  readonly segment: Segment;
  /** Where the record begins, and the body in it. */
  readonly at: number;
  readonly bodyAt: number;
  readonly bodyLength: number;
}

/** Who has a message: nobody, whoever holds the lease, or it is finished or removed. */
type ItemState =
  | { readonly kind: "waiting" }
  | { readonly kind: "claimed"; readonly lease: number }
  /** Its files are being removed; should that fail, it is what it was before. */
  | { readonly kind: "removing"; readonly before: ItemState }
  | { readonly kind: "gone" };

/** From so many recipients on a message is kept in memory once it was read. */
const MANY_RECIPIENTS = 1_000;

const WAITING: ItemState = { kind: "waiting" };
const GONE: ItemState = { kind: "gone" };

export class Item {
  readonly id: string;
  /** Of the index. */
  readonly row: number;
  /** Undefined: it lies in the spool. */
  journal: JournalPlace | undefined;
  /** Operations that have it in their hands, and come back to it. */
  users = 0;
  /** The end of reading it from the disk. */
  reading: Promise<void> | undefined;
  #entry: QueueEntry | undefined;
  /** Counts changes; what was written to where it is read from again. */
  #version = 0;
  #saved = 0;
  #state: ItemState = WAITING;
  #unsafe = 0;

  constructor(id: string, row: number, journal?: JournalPlace, entry?: QueueEntry) {
    this.id = id;
    this.row = row;
    this.journal = journal;
    this.#entry = entry;
  }

  /** False: its entry was not read yet. */
  get isRead(): boolean {
    return this.#entry !== undefined;
  }

  get entry(): QueueEntry {
    if (this.#entry === undefined) throw new Error(`The entry of ${this.id} was not read`);
    return this.#entry;
  }

  /** What happened to it; the disk does not have it yet. */
  set entry(changed: QueueEntry) {
    this.#entry = changed;
    this.#version++;
  }

  /** As it was read. */
  adopt(entry: QueueEntry): void {
    this.#entry ??= entry;
  }

  get version(): number {
    return this.#version;
  }

  /** The disk has it as it was then, where it is read from again. */
  saved(version: number): void {
    this.#saved = Math.max(this.#saved, version);
  }

  /** The entry is ahead of what would be read again. */
  get isAhead(): boolean {
    return this.#version > this.#saved;
  }

  /** Reading so many recipients again costs more than keeping them. */
  get isLarge(): boolean {
    return (this.#entry?.envelope.recipients.length ?? 0) >= MANY_RECIPIENTS;
  }

  get isWaiting(): boolean {
    return this.#state.kind === "waiting";
  }

  get isClaimed(): boolean {
    return this.#state.kind === "claimed";
  }

  get isGone(): boolean {
    return this.#state.kind === "gone" || this.#state.kind === "removing";
  }

  /** Also while its files are being removed: what an attempt came to counts if they stay. */
  isClaimedBy(lease: number): boolean {
    const state = this.#state.kind === "removing" ? this.#state.before : this.#state;
    return state.kind === "claimed" && state.lease === lease;
  }

  claim(lease: number): void {
    this.#state = { kind: "claimed", lease };
  }

  /** Its claim ends; what is gone stays gone. */
  release(): void {
    if (this.#state.kind === "claimed") this.#state = WAITING;
    else if (this.#state.kind === "removing") this.#state = { kind: "removing", before: WAITING };
  }

  /** Finished, or removed for good. */
  end(): void {
    this.#state = GONE;
  }

  get isRemoving(): boolean {
    return this.#state.kind === "removing";
  }

  /** It is being removed. */
  beginRemoval(): void {
    if (!this.isGone) this.#state = { kind: "removing", before: this.#state };
  }

  /** They could not be removed. False: it is finished by now. */
  cancelRemoval(): boolean {
    if (this.#state.kind !== "removing") return false;
    this.#state = this.#state.before;
    return true;
  }

  /** Changes that must be durable before the next claim and are not yet. */
  get unsafe(): number {
    return this.#unsafe;
  }

  changeUnsafely(): void {
    this.#unsafe++;
  }

  /** So many of those changes are durable now; without a number all of them. */
  madeSafe(count = this.#unsafe): void {
    this.#unsafe = Math.max(0, this.#unsafe - count);
  }
}

interface Fresh {
  readonly body: readonly Buffer[];
  readonly octets: number;
  readonly since: number;
}

/** Octets of all fresh messages together, and what one of them costs beside what its record has, about. */
const FRESH_OCTETS = 24 << 20;
const FRESH_COST = 4 << 10;
/** What was not tried within this time makes room for others, ms. */
const FRESH_TIME = 5_000;

/** Messages that have just come or been read, kept with their bodies for the attempt that follows, as long as there is room. */
export class FreshMessages {
  readonly #clock: Clock;
  readonly #evicted: (item: Item) => void;
  readonly #kept = new Map<Item, Fresh>();
  #octets = 0;

  /** @param evicted hears of messages that had to make room */
  constructor(clock: Clock, evicted: (item: Item) => void) {
    this.#clock = clock;
    this.#evicted = evicted;
  }

  /** @param length of its record, octets */
  keep(item: Item, body: readonly Buffer[], length: number): void {
    const octets = length + FRESH_COST;
    const now = this.#clock.now();
    for (const [oldest, { since }] of this.#kept) {
      if (this.#octets + octets <= FRESH_OCTETS || now - since < FRESH_TIME) break;
      this.drop(oldest);
      this.#evicted(oldest);
    }
    if (this.#octets + octets > FRESH_OCTETS) return;
    this.drop(item);
    this.#kept.set(item, { body, octets, since: now });
    this.#octets += octets;
  }

  has(item: Item): boolean {
    return this.#kept.has(item);
  }

  body(item: Item): readonly Buffer[] | undefined {
    return this.#kept.get(item)?.body;
  }

  drop(item: Item): void {
    const kept = this.#kept.get(item);
    if (kept === undefined) return;
    this.#kept.delete(item);
    this.#octets -= kept.octets;
  }
}

/** Work that nobody waits for until the store closes. */
export class Background {
  readonly #running = new Set<Promise<unknown>>();

  /** Failures are the business of whoever starts the work; here they end silently. */
  run(work: Promise<unknown>): void {
    const settled = work
      .catch(() => undefined)
      .finally(() => {
        this.#running.delete(settled);
      });
    this.#running.add(settled);
  }

  /** Resolves when nothing is running any more. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
