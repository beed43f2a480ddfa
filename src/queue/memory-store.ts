/** A queue that forgets everything when the process ends: for tests and measurements. Same rules as on disk. */
import type { Envelope } from "../envelope/envelope.ts";
import type { MessageReader } from "../envelope/message.ts";
import { type Clock, systemClock } from "../sys/clock.ts";
import { MemoryBody } from "./body.ts";
import { DueIndex } from "./due-index.ts";
import { isFinished, newEntry, page as pageOf, withAttempt, withChanges, withHold } from "./entry.ts";
import { matcherOf, type QueueFilter } from "./filter.ts";
import { IdTable } from "./id-table.ts";
import { placeOf } from "./lane.ts";
import { type PriorityFactors, standardFactors } from "./order.ts";
import {
  type AcceptOptions,
  type Attempt,
  type Body,
  type BodyFiles,
  type Changes,
  type Claim,
  type Page,
  type QueueEntry,
  type QueueStore,
  QueueUnavailableError,
} from "./queue.ts";
import { QueueIds } from "./queue-id.ts";

interface Item {
  /** In the table of ids. */
  readonly row: number;
  entry: QueueEntry;
  readonly body: readonly Buffer[];
  /** 0: nobody has it. */
  lease: number;
}

export class MemoryStore implements QueueStore {
  readonly #clock: Clock;
  readonly #factors: PriorityFactors;
  readonly #ids: QueueIds;
  readonly #items = new Map<string, Item>();
  readonly #rows = new IdTable();
  readonly #due = new DueIndex(this.#rows);
  /** "Files" on their way, by id. */
  readonly #files = new Map<string, Buffer[]>();
  readonly bodies: BodyFiles;
  #lease = 0;
  #closed = false;

  /** @param inlineLimit bodies above this size come as files; they are kept in memory all the same */
  constructor(clock: Clock = systemClock, factors: PriorityFactors = standardFactors, inlineLimit = Infinity) {
    this.#clock = clock;
    this.#factors = factors;
    this.#ids = new QueueIds(clock);
    this.bodies = { inlineLimit, begin: (id) => Promise.resolve(this.#file(id)) };
  }

  newId(): string {
    if (this.#closed) throw new QueueUnavailableError("The queue is closed");
    return this.#ids.next();
  }

  async accept(envelope: Envelope, body: Body, options: AcceptOptions = {}): Promise<QueueEntry> {
    if (this.#closed) throw new QueueUnavailableError("The queue is closed");
    const entry = newEntry(envelope, options, this.#factors, this.#clock.now());
    const octets =
      body.kind === "file" ? (this.#files.get(entry.id) ?? []) : body.chunks.map((each) => Buffer.from(each));
    this.#files.delete(entry.id);
    const item: Item = { row: this.#rows.add(entry.id), entry, body: octets, lease: 0 };
    this.#items.set(entry.id, item);
    this.#await(item);
    return entry;
  }

  claim(id: string, which?: "held too"): Claim | undefined {
    const item = this.#items.get(id);
    if (!item || item.lease !== 0 || this.#closed) return undefined;
    if (item.entry.hold !== undefined && which === undefined) return undefined;
    const lease = ++this.#lease;
    item.lease = lease;
    this.#due.drop(item.row);
    return {
      get entry() {
        return item.entry;
      },
      lease,
      message: () => new MemoryBody(item.body),
    };
  }

  claimDue(now: number, most: number, lane?: string): readonly Claim[] {
    const claims: Claim[] = [];
    while (claims.length < most && !this.#closed) {
      const row = this.#due.take(now, lane);
      if (row === undefined) break;
      const claim = this.claim(this.#rows.id(row));
      if (claim !== undefined) claims.push(claim);
    }
    return claims;
  }

  block(destination: string, blocked: boolean): void {
    this.#due.block(destination, blocked);
  }

  nextDue(lane?: string): number | undefined {
    return this.#due.next(lane);
  }

  lanes(): readonly string[] {
    return this.#due.lanes;
  }

  watch(sooner: () => void): () => void {
    return this.#due.watch(sooner);
  }

  record(claim: Claim, attempt: Attempt): void {
    const item = this.#claimed(claim);
    if (item) item.entry = withAttempt(item.entry, attempt, item.entry.priority + this.#factors.retryFactor);
  }

  settle(claim: Claim, changes: Changes): QueueEntry | undefined {
    const item = this.#claimed(claim);
    if (!item) return undefined;
    item.entry = withChanges(item.entry, changes);
    if (isFinished(item.entry)) this.#forget(item.entry.id);
    return item.entry;
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  finish(claim: Claim, notice?: number): void {
    const item = this.#claimed(claim);
    if (!item) return;
    item.lease = 0;
    this.#await(item, notice);
  }

  get(id: string): QueueEntry | undefined {
    return this.#items.get(id)?.entry;
  }

  inspect(id: string): Promise<{ readonly entry: QueueEntry; readonly body: MessageReader } | undefined> {
    const item = this.#items.get(id);
    return Promise.resolve(item && { entry: item.entry, body: new MemoryBody(item.body) });
  }

  list(filter: QueueFilter = {}, page: Page = {}): readonly QueueEntry[] {
    const entries = [...this.#items.values()].map(({ entry }) => entry);
    return pageOf(entries.filter(matcherOf(filter)), page);
  }

  outlines(filter: QueueFilter = {}, page: Page = {}): readonly QueueEntry[] {
    return this.list(filter, page);
  }

  count(filter: QueueFilter = {}): number {
    return this.list(filter).length;
  }

  hurry(filter: QueueFilter = {}, since = this.#clock.now()): number {
    return this.list(filter).filter(({ id }) => this.#due.hurry(this.#rows.find(id), since)).length;
  }

  hold(id: string, reason: string): Promise<boolean> {
    return Promise.resolve(this.#changeHold(this.#items.get(id), reason));
  }

  release(id: string): Promise<boolean> {
    const item = this.#items.get(id);
    return Promise.resolve(item?.entry.hold !== undefined && this.#changeHold(item, undefined));
  }

  remove(id: string): Promise<boolean> {
    return Promise.resolve(this.#forget(id));
  }

  claimedIds(): ReadonlySet<string> {
    return new Set([...this.#items].filter(([, { lease }]) => lease !== 0).map(([id]) => id));
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #changeHold(item: Item | undefined, reason: string | undefined): boolean {
    if (item === undefined) return false;
    item.entry = withHold(item.entry, reason);
    this.#await(item);
    return true;
  }

  #await({ row, entry, lease }: Item, notice?: number): void {
    if (lease !== 0 || entry.hold !== undefined) this.#due.drop(row);
    else this.#due.put(row, entry.nextTry, entry.priority, placeOf(entry, notice));
  }

  #forget(id: string): boolean {
    const item = this.#items.get(id);
    if (item === undefined) return false;
    this.#due.drop(item.row);
    this.#rows.drop(item.row);
    return this.#items.delete(id);
  }

  #file(id: string): Awaited<ReturnType<BodyFiles["begin"]>> {
    const chunks: Buffer[] = [];
    return {
      write: (more) => Promise.resolve(void chunks.push(...more)),
      async *read() {
        yield* chunks;
      },
      restart: () => Promise.resolve(void chunks.splice(0)),
      finish: () => Promise.resolve(void this.#files.set(id, chunks)),
      drop: () => void this.#files.delete(id),
    };
  }

  #claimed(claim: Claim): Item | undefined {
    const item = this.#items.get(claim.entry.id);
    return item?.lease === claim.lease ? item : undefined;
  }
}
