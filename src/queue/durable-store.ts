/**
 * The queue on disk: journal and spool seen as one (decision D5). Every message is in exactly one of them; it moves from
 * the journal to the spool, never back, so where both have it after a crash, the spool is right.
 *
 * What is in memory is always ahead of the disk: changes apply at once and are written behind, except where somebody
 * waits (commit, an expansion, the queue commands). A change that could not be written is kept and written later.
 */
import type { Envelope } from "../envelope/envelope.ts";
import type { MessageReader } from "../envelope/message.ts";
import type { Clock } from "../sys/clock.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import { JournalBody, MemoryBody } from "./body.ts";
import { type DraftHome, PendingDraft, unavailable } from "./draft.ts";
import { isFinished, matches, newEntry, withAttempt, withChanges, withHold } from "./entry.ts";
import { reasonOf } from "./file-operations.ts";
import { Background, FreshBodies, type Item, type JournalPlace, newItem } from "./item.ts";
import { bringHeader, slimDown, wholeEntry } from "./item-header.ts";
import { ItemFiles } from "./item-files.ts";
import { appendDurably, type Journal } from "./journal.ts";
import {
  type AttemptFacts,
  encodeRecord,
  type GoneFacts,
  type HoldFacts,
  LONGEST_FACTS,
  type MessageFacts,
  RecordType,
  type SettleFacts,
} from "./journal-record.ts";
import { Mover } from "./mover.ts";
import type { PriorityFactors } from "./order.ts";
import type { Attempt, Changes, Claim, CommitOptions, Draft, QueueEntry, QueueFilter, QueueStore } from "./queue.ts";
import { QueueUnavailableError } from "./queue.ts";
import type { QueueIds } from "./queue-id.ts";
import type { RecoveredMessage } from "./recover.ts";
import type { SpoolStore } from "./spool-store.ts";

export interface DurableStoreParts {
  readonly journal: Journal;
  readonly spool: SpoolStore;
  readonly ids: QueueIds;
  readonly clock: Clock;
  readonly factors: PriorityFactors;
  readonly inlineLimit: number;
  readonly report: (text: string) => void;
  /** Called last by `close`. */
  readonly onClose: () => void;
}

/** Octets of fresh bodies kept for all messages together. */
const FRESH_BODIES = 16 << 20;

export class DurableStore implements QueueStore {
  readonly #parts: DurableStoreParts;
  readonly #items = new Map<string, Item>();
  readonly #home: DraftHome;
  readonly #background = new Background();
  readonly #fresh = new FreshBodies(FRESH_BODIES);
  readonly #files: ItemFiles;
  readonly #mover: Mover;
  #lease = 0;
  /** Number of the newest segment; a new one is the moment to look at the oldest. */
  #segmentSeen = 0;
  #closed = false;

  constructor(parts: DurableStoreParts, fromJournal: Iterable<RecoveredMessage>, fromSpool: Iterable<QueueEntry>) {
    this.#parts = parts;
    const { journal, spool, clock, report } = parts;
    const background = this.#background;
    this.#files = new ItemFiles(spool, background, report);
    this.#mover = new Mover({ journal, spool, clock, report, background, files: this.#files, fresh: this.#fresh });
    for (const { entry, segment, at, bodyAt, bodyLength } of fromJournal) {
      this.#add(entry, { segment, at, bodyAt, bodyLength }).slim = true;
    }
    for (const entry of fromSpool) slimDown(this.#add(entry, undefined));
    this.#home = {
      spool: parts.spool,
      inlineLimit: parts.inlineLimit,
      commitToJournal: (envelope, options, body) => this.#commitToJournal(envelope, options, body),
      commitToSpool: (envelope, options) => this.#commitToSpool(envelope, options),
      background: (work) => this.#background.run(work),
    };
    for (const item of this.#items.values()) {
      if (item.journal && item.entry.hold !== undefined) this.#background.run(this.#mover.move(item));
    }
    this.#mover.compact(this.#items.values());
  }

  draft(): MaybePromise<Draft> {
    if (this.#closed) throw new QueueUnavailableError("The queue is closed");
    const ready = this.#parts.journal.ready();
    return ready ? ready.then(() => this.#newDraft()) : this.#newDraft();
  }

  /** A draft that keeps an id from elsewhere (client queue, import); undefined when the queue has it already. */
  async draftFor(id: string): Promise<Draft | undefined> {
    if (this.#closed) throw new QueueUnavailableError("The queue is closed");
    await this.#parts.journal.ready();
    if (this.#items.has(id) || (await this.#parts.spool.has(id))) return undefined;
    return new PendingDraft(id, this.#home);
  }

  claim(id: string): MaybePromise<Claim | undefined> {
    const item = this.#items.get(id);
    if (!item || item.lease !== 0 || item.entry.hold !== undefined || this.#closed) return undefined;
    if (item.moving) return item.moving.then(() => this.claim(id));
    if (item.unsafe > 0) return this.#makeSafe(item).then(() => this.claim(id));
    if (item.slim) return this.#bringHeader(item).then(() => this.claim(id));
    const lease = ++this.#lease;
    item.lease = lease;
    return {
      get entry() {
        return item.entry;
      },
      lease,
      message: () => this.#reader(item),
    };
  }

  record(claim: Claim, attempt: Attempt): void {
    const item = this.#claimed(claim);
    if (!item) return;
    const priority = item.entry.priority + this.#parts.factors.retryFactor;
    item.entry = withAttempt(item.entry, attempt, priority);
    const facts: AttemptFacts = { ...attempt, priority };
    if (item.journal) this.#note(RecordType.attempt, claim.entry.id, facts);
    else this.#files.rewriteBehind(item);
  }

  settle(claim: Claim, changes: Changes): { readonly entry: QueueEntry; readonly durable: Promise<void> } {
    const item = this.#claimed(claim);
    if (!item) return { entry: withChanges(claim.entry, changes), durable: Promise.resolve() };
    item.entry = withChanges(item.entry, changes);
    const { entry } = item;
    if (isFinished(entry)) return this.#settled(entry, this.#finish(item));
    const urgent = (changes.added?.length ?? 0) > 0 || changes.recipients.some(({ state }) => state === "expanded");
    if (!item.journal) return this.#settled(entry, this.#files.rewriteBehind(item, urgent));
    const facts: SettleFacts = changes;
    const record = encodeRecord(RecordType.settle, entry.id, facts);
    if (record.length > LONGEST_FACTS) return this.#settled(entry, this.#moveBehind(item));
    const { journal } = this.#parts;
    if (!urgent) {
      journal.note(RecordType.settle, record);
      return this.#settled(entry, () => journal.sync());
    }
    item.unsafe++;
    const durable = new Promise<void>((resolve, reject) => {
      journal.append(RecordType.settle, record, (error) => {
        if (error) {
          reject(error);
          return;
        }
        item.unsafe = Math.max(0, item.unsafe - 1);
        resolve();
      });
    });
    durable.catch(() => undefined);
    return { entry, durable };
  }

  finish(claim: Claim): void {
    const item = this.#claimed(claim);
    if (!item) return;
    item.lease = 0;
    this.#fresh.drop(item);
    slimDown(item);
    if (item.entry.hold !== undefined && item.journal) this.#background.run(this.#mover.move(item));
  }

  get(id: string): QueueEntry | undefined {
    return this.#items.get(id)?.entry;
  }

  /**
   * A whole message, to look at or to export, whoever has claimed it; undefined when there is none of that id.
   * @throws QueueUnavailableError when it cannot be read
   */
  async inspect(id: string): Promise<{ readonly entry: QueueEntry; readonly body: MessageReader } | undefined> {
    const item = this.#items.get(id);
    if (!item) return undefined;
    try {
      return { entry: await wholeEntry(item, this.#parts.spool), body: this.#reader(item) };
    } catch (error) {
      throw unavailable(error);
    }
  }

  list(filter: QueueFilter = {}): readonly QueueEntry[] {
    const found: QueueEntry[] = [];
    for (const { entry } of this.#items.values()) if (matches(entry, filter)) found.push(entry);
    return found;
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
    await item.moving;
    if (item.journal && !item.gone) {
      const facts: GoneFacts = { why: "removed" };
      await appendDurably(this.#parts.journal, RecordType.gone, id, facts);
    }
    // Meanwhile it may have been finished, or moved to the spool.
    if (item.gone) return false;
    if (!item.journal) {
      item.gone = true;
      try {
        await this.#files.remove(item);
      } catch (error) {
        item.gone = false;
        throw error;
      }
    }
    this.#forget(item);
    return true;
  }

  isClaimed(id: string): boolean {
    return (this.#items.get(id)?.lease ?? 0) !== 0;
  }

  /** Messages in the queue. */
  get size(): number {
    return this.#items.size;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#mover.stop();
    await this.#background.idle();
    await this.#parts.journal.close();
    this.#parts.onClose();
  }

  #newDraft(): Draft {
    return new PendingDraft(this.#parts.ids.next(), this.#home);
  }

  #add(entry: QueueEntry, journal: JournalPlace | undefined): Item {
    const item = newItem(entry, journal);
    this.#items.set(entry.id, item);
    return item;
  }

  #commitToJournal(
    envelope: Envelope,
    options: CommitOptions | undefined,
    body: readonly Buffer[],
  ): Promise<QueueEntry> {
    const { factors, clock, journal } = this.#parts;
    const entry = newEntry(envelope, options, factors, clock.now());
    const facts: MessageFacts = { group: entry.group, priority: entry.priority, nextTry: entry.nextTry, envelope };
    const record = encodeRecord(RecordType.message, entry.id, facts, body);
    if (record.bodyAt > LONGEST_FACTS / 2) return this.#commitFromMemory(envelope, options, body);
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

  /** For an envelope that is too large for one record. */
  async #commitFromMemory(
    envelope: Envelope,
    options: CommitOptions | undefined,
    body: readonly Buffer[],
  ): Promise<QueueEntry> {
    const { spool } = this.#parts;
    try {
      await spool.writeBody(envelope.id, body);
      return await this.#commitToSpool(envelope, options);
    } catch (error) {
      await spool.remove(envelope.id).catch(() => undefined);
      throw unavailable(error);
    }
  }

  async #commitToSpool(envelope: Envelope, options: CommitOptions | undefined): Promise<QueueEntry> {
    const { factors, clock, spool } = this.#parts;
    const entry = newEntry(envelope, options, factors, clock.now());
    await spool.writeControl(entry);
    this.#add(entry, undefined);
    return entry;
  }

  #claimed(claim: Claim): Item | undefined {
    const item = this.#items.get(claim.entry.id);
    return item?.lease === claim.lease ? item : undefined;
  }

  #reader(item: Item): MessageReader {
    const { journal, fresh } = item;
    if (fresh) return new MemoryBody(fresh);
    if (journal) return new JournalBody(journal.segment.file, journal.bodyAt, journal.bodyLength);
    return this.#parts.spool.body(item.entry);
  }

  /** The answer of `settle`; asking for `durable` is what makes the store sync. */
  #settled(
    entry: QueueEntry,
    whenDurable: () => Promise<void>,
  ): { entry: QueueEntry; readonly durable: Promise<void> } {
    return {
      entry,
      get durable() {
        return whenDurable();
      },
    };
  }

  /** Nothing is left to do for this message. */
  #finish(item: Item): () => Promise<void> {
    const { journal, report } = this.#parts;
    const { id } = item.entry;
    const inJournal = item.journal !== undefined;
    this.#forget(item);
    if (inJournal) {
      this.#note(RecordType.gone, id, undefined);
      return () => journal.sync();
    }
    const removed = this.#files.remove(item).catch((error: unknown) => {
      report(`Cannot remove the files of ${id}, which is finished: ${reasonOf(error)}`);
      throw error;
    });
    this.#background.run(removed);
    return () => removed;
  }

  #forget(item: Item): void {
    item.gone = true;
    item.lease = 0;
    this.#items.delete(item.entry.id);
    this.#fresh.drop(item);
    if (item.journal) this.#parts.journal.release(item.journal.segment);
    item.journal = undefined;
  }

  #note(type: RecordType, id: string, facts: unknown): void {
    this.#parts.journal.note(type, encodeRecord(type, id, facts));
  }

  async #bringHeader(item: Item): Promise<void> {
    try {
      await bringHeader(item, this.#parts.spool);
    } catch (error) {
      // Removed or moved while we read: the next look tells.
      if (!item.gone) throw unavailable(error);
    }
  }

  async #makeSafe(item: Item): Promise<void> {
    if (item.journal) await this.#parts.journal.sync();
    else await this.#files.rewrite(item);
    // What was refused once has been written again by now, or the lines above have thrown.
    item.unsafe = 0;
  }

  async #changeHold(id: string, reason: string | undefined): Promise<boolean> {
    const item = this.#items.get(id);
    if (!item) return false;
    await item.moving;
    if (item.gone) return false;
    item.entry = withHold(item.entry, reason);
    if (!item.journal) {
      await this.#files.rewrite(item);
      return true;
    }
    const facts: HoldFacts = reason === undefined ? {} : { reason };
    await appendDurably(this.#parts.journal, RecordType.hold, id, facts);
    // Held mail becomes files; while an attempt is under way that waits for its end.
    if (reason !== undefined && item.lease === 0) await this.#mover.move(item);
    return true;
  }

  /** For changes that are too large for a record: the message goes to the spool, its claim stays. */
  #moveBehind(item: Item): () => Promise<void> {
    item.unsafe++;
    const moved = this.#mover.move(item);
    this.#background.run(moved);
    return async () => {
      await moved;
      if (item.journal) throw new QueueUnavailableError(`Cannot store the changes of ${item.entry.id}`);
    };
  }
}
