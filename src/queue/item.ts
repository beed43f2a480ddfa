/** One message as the store on disk keeps it in memory, and what all parts of that store share. */
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

const WAITING: ItemState = { kind: "waiting" };
const GONE: ItemState = { kind: "gone" };

export class Item {
  entry: QueueEntry;
  /** Undefined: it lies in the spool. */
  journal: JournalPlace | undefined;
  /** The entry is without its header, which is on disk (item-header.ts). */
  slim = false;
  #state: ItemState = WAITING;
  #unsafe = 0;

  constructor(entry: QueueEntry, journal: JournalPlace | undefined) {
    this.entry = entry;
    this.journal = journal;
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

  /** Its files are being removed. */
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

/** Bodies of fresh messages, kept for their first attempt as long as all together are not too much. */
export class FreshBodies {
  readonly #limit: number;
  readonly #bodies = new Map<Item, { readonly body: readonly Buffer[]; readonly octets: number }>();
  #octets = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param octets what keeping it costs */
  keep(item: Item, body: readonly Buffer[], octets: number): void {
    if (this.#octets + octets > this.#limit) return;
    this.#bodies.set(item, { body, octets });
    this.#octets += octets;
  }

  of(item: Item): readonly Buffer[] | undefined {
    return this.#bodies.get(item)?.body;
  }

  drop(item: Item): void {
    const kept = this.#bodies.get(item);
    if (kept === undefined) return;
    this.#bodies.delete(item);
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
