/**
 * The queue on disk: journal and spool seen as one (decision D5). Every message is in exactly one of them; it moves from
 * the journal to the spool, never back, so where both have it after a crash, the spool is right.
 *
 * In memory is an index of all messages (message-index.ts), and the entries of those that somebody works on (live-items.ts).
 * These are always ahead of the disk: changes apply at once and are written behind, except where somebody waits (commit, an
 * expansion, the queue commands). A change that could not be written is kept and written later.
 */
import type { Envelope } from "../envelope/envelope.ts";
import type { MessageReader } from "../envelope/message.ts";
import type { Clock } from "../sys/clock.ts";
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";
import { Acceptance, type AcceptedRecord } from "./acceptance.ts";
import { bodyOf } from "./body-of.ts";
import { isFinished, withAttempt, withChanges, withHold } from "./entry.ts";
import { UNKNOWN_PLACE } from "./lane.ts";
import { EntryReader } from "./entry-reader.ts";
import { reasonOf } from "./file-operations.ts";
import type { QueueFilter } from "./filter.ts";
import { NONE } from "./id-table.ts";
import { Background, FreshMessages, Item } from "./item.ts";
import { ItemFiles } from "./item-files.ts";
import { ItemChanges } from "./item-changes.ts";
import type { Journal } from "./journal.ts";
import { Listing } from "./listing.ts";
import { LiveItems } from "./live-items.ts";
import { type Loaded, Loader, type LoaderParts } from "./loader.ts";
import { Flag, MessageIndex } from "./message-index.ts";
import { Mover } from "./mover.ts";
import type { EntryOutline } from "./outline.ts";
import type { PriorityFactors } from "./order.ts";
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
import { SpooledBodies, type SpoolStore } from "./spool-store.ts";

export interface DurableStoreParts extends Pick<LoaderParts, "files" | "folder" | "opened" | "latest"> {
  readonly journal: Journal;
  readonly spool: SpoolStore;
  readonly clock: Clock;
  readonly factors: PriorityFactors;
  readonly inlineLimit: number;
  /** Ids of before tell no later time, ms since the epoch. */
  readonly newest: number;
  readonly report: (text: string) => void;
  /** Called last by `close`. */
  readonly onClose: () => void;
}

/** When a message that cannot be claimed (unreadable just now) is looked at again, ms. */
const UNREADABLE_WAIT = 60_000;
/** What is due by then when it comes is kept in memory for its first attempt, ms: "interactive" mail is due in a minute. */
const SOON = 90_000;

export class DurableStore implements QueueStore {
  readonly #parts: DurableStoreParts;
  readonly bodies: BodyFiles;
  readonly #acceptance: Acceptance;
  readonly #index = new MessageIndex();
  readonly ids: QueueIds;
  readonly #items: LiveItems;
  /** Whose lease is out, finished messages included until it comes back. */
  readonly #leases = new Map<number, Item>();
  readonly #background = new Background();
  readonly #fresh: FreshMessages;
  readonly #files: ItemFiles;
  readonly #mover: Mover;
  readonly #changes: ItemChanges;
  readonly #listing: Listing;
  readonly #loader: Loader;
  #lease = 0;
  #closed = false;

  constructor(parts: DurableStoreParts) {
    this.#parts = parts;
    const { journal, spool, clock, report, latest } = parts;
    const [background, index] = [this.#background, this.#index];
    const rest = (item: Item): void => this.#items.rest(item);
    const later: LoaderParts["later"] = new Map();
    this.ids = new QueueIds(clock, (id) => index.ids.find(id) !== NONE, undefined, parts.newest);
    const fresh = (this.#fresh = new FreshMessages(clock, rest));
    const { segments } = journal;
    this.#items = new LiveItems({
      index,
      fresh,
      segments,
      later,
      reader: new EntryReader({ index, spool, segments, later, opened: clock.now(), latest }),
      isBusy: (item) => this.#files.isWriting(item) || this.#mover.isBusy(item),
      brought: (item, isChanged) => this.#brought(item, isChanged),
    });
    this.#files = new ItemFiles(spool, background, clock, report, rest);
    this.#mover = new Mover({
      journal,
      spool,
      clock,
      report,
      background,
      fresh,
      index,
      items: this.#items,
      files: this.#files,
    });
    this.#changes = new ItemChanges({ journal, files: this.#files, mover: this.#mover, background, index, rest });
    this.#listing = new Listing({ index, items: this.#items, report });
    this.#acceptance = new Acceptance({ ...parts, background, accepted: this.#accepted });
    this.bodies = new SpooledBodies(spool, parts.inlineLimit, (work) => background.run(work));
    this.#loader = new Loader({ ...parts, index, later, ids: this.ids, items: this.#items, mover: this.#mover });
    background.run(this.#loader.loaded);
  }

  /** Resolves when everything that was in the queue was read; until then messages are claimed and listed as they become known. */
  get loaded(): Promise<Loaded> {
    return this.#loader.loaded;
  }

  newId(): MaybePromise<string> {
    if (this.#closed) throw new QueueUnavailableError("The queue is closed");
    const ready = this.#parts.journal.ready();
    return ready ? ready.then(() => this.ids.next()) : this.ids.next();
  }

  accept(envelope: Envelope, body: Body, options: AcceptOptions = {}): Promise<QueueEntry> {
    if (this.#closed) return Promise.reject(new QueueUnavailableError("The queue is closed"));
    return this.#acceptance.accept(envelope, body, options);
  }

  claim(id: string, which?: "held too"): MaybePromise<Claim | undefined> {
    const row = this.#index.ids.find(id);
    if (this.#closed) return undefined;
    if (this.#loader.isUnsure(row)) return this.#loader.known.then(() => this.claim(id, which));
    return row === NONE ? undefined : this.#claimRow(row, which);
  }

  claimDue(now: number, most: number, lane?: string): MaybePromise<readonly Claim[]> {
    const claims: Claim[] = [];
    const late: Promise<Claim | undefined>[] = [];
    while (claims.length + late.length < most && !this.#closed) {
      const row = this.#index.due.take(now, lane);
      if (row === undefined) break;
      const claim = this.#claimRow(row);
      if (isPromise(claim)) {
        const id = this.#index.ids.id(row);
        late.push(claim.catch((error: unknown) => this.#unreadable(id, now, error)));
      } else if (claim !== undefined) claims.push(claim);
    }
    if (late.length === 0) return claims;
    return Promise.all(late).then((more) => [...claims, ...more.filter((each) => each !== undefined)]);
  }

  block(destination: string, blocked: boolean): void {
    this.#index.due.block(destination, blocked);
  }

  nextDue(lane?: string): number | undefined {
    return this.#index.due.next(lane);
  }

  lanes(): readonly string[] {
    return this.#index.due.lanes;
  }

  watch(sooner: () => void): () => void {
    return this.#index.due.watch(sooner);
  }

  record(claim: Claim, attempt: Attempt): void {
    const item = this.#claimed(claim);
    if (!item) return;
    const priority = item.entry.priority + this.#parts.factors.retryFactor;
    item.entry = withAttempt(item.entry, attempt, priority);
    this.#index.setTried(item.row, attempt.at);
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
    const item = this.#leases.get(claim.lease);
    this.#leases.delete(claim.lease);
    if (!item?.isClaimedBy(claim.lease)) return;
    item.release();
    if (item.isGone) return;
    this.#fresh.drop(item);
    this.#index.await(item.row, item.entry, { notice });
    if (item.entry.hold !== undefined && item.journal) this.#background.run(this.#mover.move(item));
    else this.#changes.summed(item);
    this.#items.rest(item);
  }

  async get(id: string): Promise<QueueEntry | undefined> {
    await this.#loader.sure(id);
    const row = this.#index.ids.find(id);
    return row === NONE ? undefined : this.#items.peek(row);
  }

  async inspect(id: string): Promise<{ readonly entry: QueueEntry; readonly body: MessageReader } | undefined> {
    await this.#loader.sure(id);
    const row = this.#index.ids.find(id);
    const item = row === NONE ? undefined : await this.#items.bring(row);
    return item && { entry: item.entry, body: this.#reader(item) };
  }

  async list(filter: QueueFilter = {}, page: Page = {}): Promise<readonly QueueEntry[]> {
    await this.#loader.known;
    return this.#listing.list(filter, page);
  }

  async outlines(filter: QueueFilter = {}, page: Page = {}): Promise<readonly EntryOutline[]> {
    await this.#loader.known;
    return this.#listing.outlines(filter, page);
  }

  async count(filter?: QueueFilter): Promise<number> {
    if (filter !== undefined) await this.#loader.known;
    return this.#listing.count(filter ?? {});
  }

  async hurry(filter: QueueFilter = {}, since = this.#parts.clock.now()): Promise<number> {
    await this.#loader.known;
    let count = 0;
    for await (const id of this.#listing.ids(filter)) {
      if (this.#index.due.hurry(this.#index.ids.find(id), since)) count++;
    }
    return count;
  }

  async hold(id: string, reason: string): Promise<boolean> {
    return this.#changeHold(id, reason);
  }

  async release(id: string): Promise<boolean> {
    return this.#changeHold(id, undefined);
  }

  async remove(id: string): Promise<boolean> {
    await this.#loader.sure(id);
    const row = this.#index.ids.find(id);
    const item = row === NONE ? undefined : await this.#items.bringOrBare(row);
    if (item === undefined) return false;
    return this.#items.use(item, async () => {
      try {
        if (!(await this.#changes.removed(item))) return false;
      } catch (error) {
        // Its control file is gone, and the disk did not say that this is for good.
        if (item.isGone) this.#forget(item);
        else if (!item.isRead) this.#items.forget(item);
        else if (item.isWaiting) this.#index.await(item.row, item.entry);
        throw error;
      }
      this.#forget(item);
      return true;
    });
  }

  claimedIds(): ReadonlySet<string> {
    return new Set([...this.#leases.values()].filter(({ isClaimed }) => isClaimed).map(({ id }) => id));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#loader.stop();
    this.#mover.stop();
    this.#files.hurry();
    await this.#background.idle();
    await this.#parts.journal.close();
    this.#parts.onClose();
  }

  /** It is durable, and waits. */
  readonly #accepted = (entry: QueueEntry, record?: AcceptedRecord): void => {
    const item = new Item(entry.id, this.#index.add(entry.id), record?.place, entry);
    this.#items.add(item);
    if (record) {
      const { segment, at } = record.place;
      this.#index.setMessage(item.row, { segment: segment.number, at });
      const isSoon = entry.nextTry <= this.#parts.clock.now() + SOON;
      if (isSoon) this.#fresh.keep(item, record.body, record.length);
      this.#mover.compactAfter(segment);
    }
    this.#index.await(item.row, entry);
    this.#items.rest(item);
  };

  #claimed(claim: Claim): Item | undefined {
    const item = this.#leases.get(claim.lease);
    return item?.isClaimedBy(claim.lease) ? item : undefined;
  }

  #claimRow(row: number, which?: "held too"): MaybePromise<Claim | undefined> {
    const item = this.#items.bring(row);
    return isPromise(item) ? item.then((brought) => brought && this.#claim(brought, which)) : this.#claim(item!, which);
  }

  /** Undefined when somebody else has it, or it is held. */
  #claim(item: Item, which?: "held too"): MaybePromise<Claim | undefined> {
    if (!item.isWaiting || this.#closed) return undefined;
    // Let go of meanwhile.
    if (this.#items.get(item.row) !== item) return this.claim(item.id, which);
    if (item.entry.hold !== undefined && which === undefined) return undefined;
    const moving = this.#mover.moving(item);
    if (moving) return moving.then(() => this.claim(item.id, which));
    if (item.unsafe > 0) return this.#changes.makeSafe(item).then(() => this.claim(item.id, which));
    const lease = ++this.#lease;
    item.claim(lease);
    this.#leases.set(lease, item);
    this.#index.due.drop(item.row);
    return {
      get entry() {
        return item.entry;
      },
      lease,
      message: () => this.#reader(item),
    };
  }

  #reader(item: Item): MessageReader {
    return bodyOf(item, this.#fresh.body(item), this.#parts.spool);
  }

  #forget(item: Item): void {
    item.end();
    if (!this.#items.forget(item)) return;
    this.#index.drop(item.row);
    this.#fresh.drop(item);
    if (item.journal) this.#parts.journal.release(item.journal.segment);
    item.journal = undefined;
  }

  #unreadable(id: string, now: number, error: unknown): undefined {
    this.#parts.report(`Cannot work on ${id} now: ${reasonOf(error)}`);
    const row = this.#index.ids.find(id);
    // Where it goes is not known: it waits with those that go to several places.
    if (row !== NONE && !this.#index.has(row, Flag.held))
      this.#index.due.put(row, now + UNREADABLE_WAIT, 0, UNKNOWN_PLACE);
    return undefined;
  }

  #brought(item: Item, isChanged: boolean): void {
    if (this.#index.has(item.row, Flag.unread)) {
      this.#index.set(item.row, Flag.unread, false);
      this.#index.set(item.row, Flag.unreadable, false);
      this.#index.await(item.row, item.entry);
    }
    if (!isChanged) return;
    if (isFinished(item.entry)) {
      const wasInJournal = item.journal !== undefined;
      this.#forget(item);
      this.#changes.ended(item, wasInJournal);
      return;
    }
    this.#index.await(item.row, item.entry);
    if (item.journal && item.entry.hold !== undefined) this.#background.run(this.#mover.move(item));
    else this.#changes.summed(item);
  }

  async #changeHold(id: string, reason: string | undefined): Promise<boolean> {
    await this.#loader.sure(id);
    const row = this.#index.ids.find(id);
    const item = row === NONE ? undefined : await this.#items.bring(row);
    if (item === undefined) return false;
    return this.#items.use(item, async () => {
      await this.#mover.moving(item);
      if (item.isGone || (reason === undefined && item.entry.hold === undefined)) return false;
      item.entry = withHold(item.entry, reason);
      if (item.isWaiting) this.#index.await(item.row, item.entry);
      await this.#changes.held(item);
      if (item.isWaiting) this.#changes.summed(item);
      // What is let go may have been delivered before the disk has answered.
      return reason === undefined || !item.isGone;
    });
  }
}
