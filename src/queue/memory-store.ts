/** A queue that forgets everything when the process ends: for tests and measurements. Same rules as on disk. */
import type { Envelope } from "../envelope/envelope.ts";
import { type Clock, systemClock } from "../sys/clock.ts";
import { MemoryBody } from "./body.ts";
import { isFinished, matches, newEntry, withAttempt, withChanges, withHold } from "./entry.ts";
import { type PriorityFactors, standardFactors } from "./order.ts";
import {
  type Attempt,
  type Changes,
  type Claim,
  type CommitOptions,
  type Draft,
  type QueueEntry,
  type QueueFilter,
  type QueueStore,
  QueueUnavailableError,
} from "./queue.ts";
import { QueueIds } from "./queue-id.ts";

interface Item {
  entry: QueueEntry;
  readonly body: readonly Buffer[];
  lease: number;
}

type Keep = (envelope: Envelope, options: CommitOptions | undefined, body: readonly Buffer[]) => QueueEntry;

class MemoryDraft implements Draft {
  readonly id: string;
  size = 0;
  readonly #chunks: Buffer[] = [];
  readonly #keep: Keep;
  #open = true;

  constructor(id: string, keep: Keep) {
    this.id = id;
    this.#keep = keep;
  }

  write(chunk: Buffer): void {
    if (!this.#open) throw new QueueUnavailableError(`Message ${this.id} is no longer open`);
    this.size += chunk.length;
    this.#chunks.push(chunk);
  }

  async commit(envelope: Envelope, options?: CommitOptions): Promise<QueueEntry> {
    if (!this.#open) throw new QueueUnavailableError(`Message ${this.id} is no longer open`);
    if (envelope.id !== this.id) throw new Error(`Envelope ${envelope.id} is not of ${this.id}`);
    this.#open = false;
    return this.#keep({ ...envelope, bodySize: this.size }, options, this.#chunks);
  }

  discard(): void {
    this.#open = false;
  }
}

export class MemoryStore implements QueueStore {
  readonly #clock: Clock;
  readonly #factors: PriorityFactors;
  readonly #ids: QueueIds;
  readonly #items = new Map<string, Item>();
  #lease = 0;
  #closed = false;

  constructor(clock: Clock = systemClock, factors: PriorityFactors = standardFactors) {
    this.#clock = clock;
    this.#factors = factors;
    this.#ids = new QueueIds(clock);
  }

  draft(): Draft {
    if (this.#closed) throw new QueueUnavailableError("The queue is closed");
    return new MemoryDraft(this.#ids.next(), (envelope, options, body) => {
      if (this.#closed) throw new QueueUnavailableError("The queue is closed");
      const entry = newEntry(envelope, options, this.#factors, this.#clock.now());
      this.#items.set(entry.id, { entry, body, lease: 0 });
      return entry;
    });
  }

  claim(id: string): Claim | undefined {
    const item = this.#items.get(id);
    if (!item || item.lease !== 0 || item.entry.hold !== undefined || this.#closed) return undefined;
    const lease = ++this.#lease;
    item.lease = lease;
    return {
      get entry() {
        return item.entry;
      },
      lease,
      message: () => new MemoryBody(item.body),
    };
  }

  record(claim: Claim, attempt: Attempt): void {
    const item = this.#claimed(claim);
    if (item) item.entry = withAttempt(item.entry, attempt, item.entry.priority + this.#factors.retryFactor);
  }

  settle(claim: Claim, changes: Changes): { readonly entry: QueueEntry; readonly durable: Promise<void> } {
    const entry = withChanges(claim.entry, changes);
    const item = this.#claimed(claim);
    if (item) {
      item.entry = entry;
      if (isFinished(entry)) this.#items.delete(entry.id);
    }
    return { entry, durable: Promise.resolve() };
  }

  finish(claim: Claim): void {
    const item = this.#claimed(claim);
    if (item) item.lease = 0;
  }

  get(id: string): QueueEntry | undefined {
    return this.#items.get(id)?.entry;
  }

  list(filter: QueueFilter = {}): readonly QueueEntry[] {
    return [...this.#items.values()].map(({ entry }) => entry).filter((entry) => matches(entry, filter));
  }

  hold(id: string, reason: string): Promise<boolean> {
    const item = this.#items.get(id);
    if (item) item.entry = withHold(item.entry, reason);
    return Promise.resolve(item !== undefined);
  }

  release(id: string): Promise<boolean> {
    const item = this.#items.get(id);
    if (item?.entry.hold === undefined) return Promise.resolve(false);
    item.entry = withHold(item.entry, undefined);
    return Promise.resolve(true);
  }

  remove(id: string): Promise<boolean> {
    return Promise.resolve(this.#items.delete(id));
  }

  isClaimed(id: string): boolean {
    return (this.#items.get(id)?.lease ?? 0) !== 0;
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #claimed(claim: Claim): Item | undefined {
    const item = this.#items.get(claim.entry.id);
    return item?.lease === claim.lease ? item : undefined;
  }
}
