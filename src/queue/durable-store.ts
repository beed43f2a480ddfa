/**
 * The queue on disk: journal and spool seen as one (decision D5). Every message is in exactly one of them; it moves from
 * the journal to the spool, never back, so where both have it after a crash, the spool is right.
 *
 * What is in memory is always ahead of the disk: changes apply at once and are written behind, except where somebody
 * waits (commit, an expansion, the queue commands). A change that could not be written is kept and written later.
 */
import { destinationOf } from "../envelope/destination.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { MessageReader } from "../envelope/message.ts";
import type { Clock } from "../sys/clock.ts";
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";
import { JournalBody, MemoryBody } from "./body.ts";
import { unavailable } from "./draft.ts";
import { DueIndex } from "./due-index.ts";
import { isFinished, newEntry, page as pageOf, withAttempt, withChanges, withHold } from "./entry.ts";
import { matcherOf, type QueueFilter } from "./filter.ts";
import { reasonOf } from "./file-operations.ts";
import { Background, FreshBodies, Item, type JournalPlace } from "./item.ts";
import { bringHeader, slimDown, wholeEntry } from "./item-header.ts";
import { ItemFiles } from "./item-files.ts";
import { ItemChanges } from "./item-changes.ts";
import type { Journal } from "./journal.ts";
import { encodeRecord, LONGEST_FACTS, type MessageFacts, RecordType } from "./journal-record.ts";
import { laneOf } from "./lane.ts";
import { Mover } from "./mover.ts";
import { firstNotice } from "./notice.ts";
import type { PriorityFactors } from "./order.ts";
import type { AcceptOptions, Attempt, Body, BodyFiles, Changes, Claim, Page, QueueEntry, QueueStore } from "./queue.ts";
import { QueueUnavailableError } from "./queue.ts";
import type { QueueIds } from "./queue-id.ts";
import type { RecoveredMessage } from "./recover.ts";
import { SpooledBodies, type SpoolStore } from "./spool-store.ts";

export interface DurableStoreParts {
  readonly journal: Journal;
  readonly spool: SpoolStore;
  readonly ids: QueueIds;
  readonly clock: Clock;
  readonly factors: PriorityFactors;
  readonly inlineLimit: number;
  /** No message that was found at the start waits longer than until then, ms since the epoch. */
  readonly latest: number;
  readonly report: (text: string) => void;
  /** Called last by `close`. */
  readonly onClose: () => void;
}

/** Octets of fresh bodies kept for all messages together. */
const FRESH_BODIES = 16 << 20;
/** When a message that cannot be claimed (unreadable just now) is looked at again, ms. */
const UNREADABLE_WAIT = 60_000;

export class DurableStore implements QueueStore {
  readonly #parts: DurableStoreParts;
  readonly bodies: BodyFiles;
  readonly #items = new Map<string, Item>();
  /** Whose lease is out, finished messages included until it comes back. */
  readonly #leases = new Map<number, Item>();
  readonly #due = new DueIndex();
  readonly #background = new Background();
  readonly #fresh = new FreshBodies(FRESH_BODIES);
  readonly #files: ItemFiles;
  readonly #mover: Mover;
  readonly #changes: ItemChanges;
  #lease = 0;
  /** Number of the newest segment; a new one is the moment to look at the oldest. */
  #segmentSeen = 0;
  #closed = false;

  constructor(parts: DurableStoreParts, fromJournal: Iterable<RecoveredMessage>, fromSpool: Iterable<QueueEntry>) {
    this.#parts = parts;
    const { journal, spool, clock, report } = parts;
    const background = this.#background;
    this.#files = new ItemFiles(spool, background, clock, report);
    this.#mover = new Mover({ journal, spool, clock, report, background, files: this.#files, fresh: this.#fresh });
    this.#changes = new ItemChanges({ journal, files: this.#files, mover: this.#mover, background });
    for (const { entry, segment, at, bodyAt, bodyLength } of fromJournal) {
      this.#add(entry, { segment, at, bodyAt, bodyLength }).slim = true;
    }
    for (const entry of fromSpool) slimDown(this.#add(entry, undefined));
    this.bodies = new SpooledBodies(spool, parts.inlineLimit, (work) => background.run(work));
    for (const item of this.#items.values()) {
      if (item.entry.nextTry > parts.latest) item.entry = { ...item.entry, nextTry: parts.latest };
      this.#await(item);
      if (item.journal && item.entry.hold !== undefined) this.#background.run(this.#mover.move(item));
    }
    this.#mover.compact(this.#items.values());
  }

  newId(): MaybePromise<string> {
    if (this.#closed) throw new QueueUnavailableError("The queue is closed");
    const ready = this.#parts.journal.ready();
    return ready ? ready.then(() => this.#parts.ids.next()) : this.#parts.ids.next();
  }

  accept(envelope: Envelope, body: Body, options: AcceptOptions = {}): Promise<QueueEntry> {
    if (body.kind === "file") return this.#acceptFiles(envelope, options);
    const chunks = body.chunks.map(asBuffer);
    if (options.hold !== undefined) return this.#acceptIntoSpool(envelope, options, chunks);
    return this.#acceptIntoJournal(envelope, options, chunks);
  }

  claim(id: string, which?: "held too"): MaybePromise<Claim | undefined> {
    const item = this.#items.get(id);
    if (!item?.isWaiting || this.#closed) return undefined;
    if (item.entry.hold !== undefined && which === undefined) return undefined;
    const moving = this.#mover.moving(item);
    if (moving) return moving.then(() => this.claim(id, which));
    if (item.unsafe > 0) return this.#changes.makeSafe(item).then(() => this.claim(id, which));
    if (item.slim) return this.#bringHeader(item).then(() => this.claim(id, which));
    const lease = ++this.#lease;
    item.claim(lease);
    this.#leases.set(lease, item);
    this.#due.drop(id);
    return {
      get entry() {
        return item.entry;
      },
      lease,
      message: () => this.#reader(item),
    };
  }

  claimDue(now: number, most: number, lane?: string): MaybePromise<readonly Claim[]> {
    const claims: Claim[] = [];
    const late: Promise<Claim | undefined>[] = [];
    while (claims.length + late.length < most && !this.#closed) {
      const id = this.#due.take(now, lane);
      if (id === undefined) break;
      const claim = this.claim(id);
      if (isPromise(claim)) late.push(claim.catch((error: unknown) => this.#unreadable(id, now, error)));
      else if (claim !== undefined) claims.push(claim);
    }
    if (late.length === 0) return claims;
    return Promise.all(late).then((more) => [...claims, ...more.filter((each) => each !== undefined)]);
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
    if (!item) return;
    const priority = item.entry.priority + this.#parts.factors.retryFactor;
    item.entry = withAttempt(item.entry, attempt, priority);
    this.#changes.attempted(item, { ...attempt, priority });
  }

  settle(claim: Claim, changes: Changes): QueueEntry | undefined {
    const item = this.#claimed(claim);
    if (!item) return undefined;
    item.entry = withChanges(item.entry, changes);
    const { entry } = item;
    if (isFinished(entry)) {
      const wasInJournal = item.journal !== undefined;
      this.#forget(item);
      this.#changes.ended(item, wasInJournal);
    } else this.#changes.changed(item, changes);
    return entry;
  }

  async flush(claim: Claim): Promise<void> {
    const item = this.#leases.get(claim.lease);
    if (item !== undefined) await this.#changes.flush(item);
  }

  finish(claim: Claim, notice?: number): void {
    this.#leases.delete(claim.lease);
    const item = this.#items.get(claim.entry.id);
    if (!item?.isClaimedBy(claim.lease)) return;
    item.release();
    if (item.isGone) return;
    this.#fresh.drop(item);
    slimDown(item);
    this.#await(item, item.entry.nextTry, notice);
    if (item.entry.hold !== undefined && item.journal) this.#background.run(this.#mover.move(item));
  }

  get(id: string): QueueEntry | undefined {
    return this.#items.get(id)?.entry;
  }

  async inspect(id: string): Promise<{ readonly entry: QueueEntry; readonly body: MessageReader } | undefined> {
    const item = this.#items.get(id);
    if (!item) return undefined;
    try {
      return { entry: await wholeEntry(item, this.#parts.spool), body: this.#reader(item) };
    } catch (error) {
      throw unavailable(error);
    }
  }

  list(filter: QueueFilter = {}, page: Page = {}): readonly QueueEntry[] {
    return pageOf(this.#matching(filter), page);
  }

  count(filter: QueueFilter = {}): number {
    let count = 0;
    for (const _ of this.#matching(filter)) count++;
    return count;
  }

  hurry(filter: QueueFilter = {}, since = this.#parts.clock.now()): number {
    let count = 0;
    for (const { id } of this.#matching(filter)) if (this.#due.hurry(id, since)) count++;
    return count;
  }

  async hold(id: string, reason: string): Promise<boolean> {
    return this.#changeHold(id, reason);
  }

  async release(id: string): Promise<boolean> {
    return this.#items.get(id)?.entry.hold === undefined ? false : this.#changeHold(id, undefined);
  }

  async remove(id: string): Promise<boolean> {
    const item = this.#items.get(id);
    if (!item) return false;
    try {
      if (!(await this.#changes.removed(item))) return false;
    } catch (error) {
      // Its control file is gone, and the disk did not say that this is for good.
      if (item.isGone) this.#forget(item);
      else this.#await(item);
      throw error;
    }
    this.#forget(item);
    return true;
  }

  claimedIds(): ReadonlySet<string> {
    const ids = new Set<string>();
    for (const item of this.#leases.values()) if (item.isClaimed) ids.add(item.entry.id);
    return ids;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#mover.stop();
    this.#files.hurry();
    await this.#background.idle();
    await this.#parts.journal.close();
    this.#parts.onClose();
  }

  #add(entry: QueueEntry, journal: JournalPlace | undefined): Item {
    const item = new Item(entry, journal);
    this.#items.set(entry.id, item);
    this.#await(item);
    return item;
  }

  /** A message that nobody works on is due at its time, unless it is held. */
  #await({ entry, isWaiting }: Item, due = entry.nextTry, notice = firstNotice(entry.envelope)): void {
    const { id, hold, priority, envelope } = entry;
    if (!isWaiting || hold !== undefined) this.#due.drop(id);
    else this.#due.put(id, due, priority, { destination: destinationOf(envelope), lane: laneOf(entry), notice });
  }

  *#matching(filter: QueueFilter): Iterable<QueueEntry> {
    const matches = matcherOf(filter);
    for (const { entry } of this.#candidates(filter)) if (matches(entry)) yield entry;
  }

  /** One message that is named need not be looked for. */
  #candidates({ ids }: QueueFilter): Iterable<Item> {
    if (ids?.length !== 1) return this.#items.values();
    const item = this.#items.get(ids[0]);
    return item === undefined ? [] : [item];
  }

  #acceptIntoJournal(envelope: Envelope, options: AcceptOptions, body: readonly Buffer[]): Promise<QueueEntry> {
    const { factors, clock, journal } = this.#parts;
    const entry = newEntry(envelope, options, factors, clock.now());
    const facts: MessageFacts = { group: entry.group, priority: entry.priority, nextTry: entry.nextTry, envelope };
    const record = encodeRecord(RecordType.message, entry.id, facts, body);
    if (record.bodyAt > LONGEST_FACTS / 2) return this.#acceptIntoSpool(envelope, options, body);
    return new Promise((resolve, reject) => {
      journal.append(RecordType.message, record, (error, place) => {
        if (!place) {
          reject(error!);
          return;
        }
        const bodyLength = record.length - record.bodyAt;
        const { segment, at } = place;
        const item = this.#add(entry, { segment, at, bodyAt: at + record.bodyAt, bodyLength });
        const [first, ...rest] = record.parts;
        this.#fresh.keep(item, rest.length === 0 ? [first.subarray(record.bodyAt)] : rest, record.length);
        if (place.segment.number !== this.#segmentSeen) {
          this.#segmentSeen = place.segment.number;
          this.#mover.compact(this.#items.values());
        }
        resolve(entry);
      });
    });
  }

  /** For what is held, and for an envelope that is too large for one record. */
  async #acceptIntoSpool(envelope: Envelope, options: AcceptOptions, body: readonly Buffer[]): Promise<QueueEntry> {
    const { spool } = this.#parts;
    try {
      await spool.writeBody(envelope.id, body);
      return await this.#acceptFiles(envelope, options);
    } catch (error) {
      await spool.remove(envelope.id).catch(() => undefined);
      throw unavailable(error);
    }
  }

  /** The body file is already there, durable. */
  async #acceptFiles(envelope: Envelope, options: AcceptOptions): Promise<QueueEntry> {
    const { factors, clock, spool } = this.#parts;
    const entry = newEntry(envelope, options, factors, clock.now());
    await spool.writeControl(entry);
    this.#add(entry, undefined);
    return entry;
  }

  #claimed(claim: Claim): Item | undefined {
    const item = this.#leases.get(claim.lease);
    return item?.isClaimedBy(claim.lease) ? item : undefined;
  }

  #reader(item: Item): MessageReader {
    const { journal } = item;
    const fresh = this.#fresh.of(item);
    if (fresh) return new MemoryBody(fresh);
    if (journal) return new JournalBody(journal.segment.file, journal.bodyAt, journal.bodyLength);
    return this.#parts.spool.body(item.entry);
  }

  #forget(item: Item): void {
    item.end();
    this.#items.delete(item.entry.id);
    this.#due.drop(item.entry.id);
    this.#fresh.drop(item);
    if (item.journal) this.#parts.journal.release(item.journal.segment);
    item.journal = undefined;
  }

  #unreadable(id: string, now: number, error: unknown): undefined {
    this.#parts.report(`Cannot work on ${id} now: ${reasonOf(error)}`);
    const item = this.#items.get(id);
    if (item !== undefined) this.#await(item, now + UNREADABLE_WAIT);
    return undefined;
  }

  async #bringHeader(item: Item): Promise<void> {
    try {
      await bringHeader(item, this.#parts.spool);
    } catch (error) {
      // Removed or moved while we read: the next look tells.
      if (!item.isGone) throw unavailable(error);
    }
  }

  async #changeHold(id: string, reason: string | undefined): Promise<boolean> {
    const item = this.#items.get(id);
    if (!item) return false;
    await this.#mover.moving(item);
    if (item.isGone) return false;
    item.entry = withHold(item.entry, reason);
    this.#await(item);
    await this.#changes.held(item);
    return !item.isGone;
  }
}

function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.isBuffer(octets) ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
}
