/**
 * The queue on disk: journal and spool seen as one (DESIGN D5). Every message is in exactly one of them; it moves from
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
import { segmentToCompact } from "./compaction.ts";
import { type DraftHome, PendingDraft, unavailable } from "./draft.ts";
import { isFinished, matches, newEntry, withAttempt, withChanges, withHold } from "./entry.ts";
import { reasonOf } from "./file-operations.ts";
import type { Journal } from "./journal.ts";
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
import type { PriorityFactors } from "./order.ts";
import type { Attempt, Changes, Claim, CommitOptions, Draft, QueueEntry, QueueFilter, QueueStore } from "./queue.ts";
import { QueueUnavailableError } from "./queue.ts";
import type { QueueIds } from "./queue-id.ts";
import type { RecoveredMessage } from "./recover.ts";
import type { Segment } from "./segment.ts";
import type { SpoolStore } from "./spool-store.ts";

/** Where the body of a message in the journal lies. */
interface JournalPlace {
  readonly segment: Segment;
  readonly bodyAt: number;
  readonly bodyLength: number;
}

interface Item {
  entry: QueueEntry;
  /** Undefined: it lies in the spool. */
  journal: JournalPlace | undefined;
  /** The body, kept from its arrival for the first attempt. */
  fresh: readonly Buffer[] | undefined;
  /** Number of the claim, 0 while nobody has it. */
  lease: number;
  /** Changes that must be durable before the next claim and are not yet. */
  unsafe: number;
  /** On its way to the spool. */
  moving: Promise<void> | undefined;
  /** Its control file is being rewritten; `dirty`: and must be once more. */
  writing: Promise<void> | undefined;
  dirty: boolean;
  gone: boolean;
}

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
/** Messages moved to the spool at the same time. */
const MOVES = 8;

export class DurableStore implements QueueStore {
  readonly #parts: DurableStoreParts;
  readonly #items = new Map<string, Item>();
  readonly #home: DraftHome;
  readonly #background = new Set<Promise<unknown>>();
  #lease = 0;
  #freshOctets = 0;
  #segmentsSeen = 0;
  #compacting = false;
  #closed = false;

  constructor(parts: DurableStoreParts, fromJournal: Iterable<RecoveredMessage>, fromSpool: Iterable<QueueEntry>) {
    this.#parts = parts;
    for (const { entry, segment, bodyAt, bodyLength } of fromJournal) {
      this.#add(entry, { segment, bodyAt, bodyLength });
    }
    for (const entry of fromSpool) this.#add(entry, undefined);
    this.#home = {
      spool: parts.spool,
      inlineLimit: parts.inlineLimit,
      commitToJournal: (envelope, options, body) => this.#commitToJournal(envelope, options, body),
      commitToSpool: (envelope, options) => this.#commitToSpool(envelope, options),
      background: (work) => this.#inBackground(work),
    };
    for (const item of this.#items.values()) {
      if (item.journal && item.entry.hold !== undefined) this.#inBackground(this.#move(item));
    }
    this.#compact();
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
    item.entry = withAttempt(item.entry, attempt);
    const facts: AttemptFacts = attempt;
    if (item.journal) this.#note(RecordType.attempt, claim.entry.id, facts);
    else this.#rewriteBehind(item);
  }

  settle(claim: Claim, changes: Changes): { readonly entry: QueueEntry; readonly durable: Promise<void> } {
    const item = this.#claimed(claim);
    if (!item) return { entry: withChanges(claim.entry, changes), durable: Promise.resolve() };
    item.entry = withChanges(item.entry, changes);
    const { entry } = item;
    if (isFinished(entry)) return this.#settled(entry, this.#finish(item));
    const urgent = (changes.added?.length ?? 0) > 0 || changes.recipients.some(({ state }) => state === "expanded");
    if (!item.journal) return this.#settled(entry, this.#rewriteBehind(item, urgent));
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
    this.#forgetFresh(item);
    if (item.entry.hold !== undefined && item.journal) this.#inBackground(this.#move(item));
  }

  get(id: string): QueueEntry | undefined {
    return this.#items.get(id)?.entry;
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
      await this.#append(RecordType.gone, id, facts);
    }
    // Meanwhile it may have been finished, or moved to the spool.
    if (item.gone) return false;
    if (!item.journal) await this.#removeFiles(item);
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
    while (this.#background.size > 0) await Promise.allSettled(this.#background);
    await this.#parts.journal.close();
    this.#parts.onClose();
  }

  #newDraft(): Draft {
    return new PendingDraft(this.#parts.ids.next(), this.#home);
  }

  #add(entry: QueueEntry, journal: JournalPlace | undefined): Item {
    const item: Item = {
      entry,
      journal,
      fresh: undefined,
      lease: 0,
      unsafe: 0,
      moving: undefined,
      writing: undefined,
      dirty: false,
      gone: false,
    };
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
        const item = this.#add(entry, { segment: place.segment, bodyAt: place.at + record.bodyAt, bodyLength });
        if (this.#freshOctets + record.length <= FRESH_BODIES) {
          item.fresh = record.parts.length === 1 ? [record.parts[0].subarray(record.bodyAt)] : record.parts.slice(1);
          this.#freshOctets += bodyLength;
        }
        if (place.segment.number !== this.#segmentsSeen) {
          this.#segmentsSeen = place.segment.number;
          this.#compact();
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
    const { journal, spool, report } = this.#parts;
    const { id } = item.entry;
    const inJournal = item.journal !== undefined;
    this.#forget(item);
    if (inJournal) {
      this.#note(RecordType.gone, id, undefined);
      return () => journal.sync();
    }
    const removed = (item.writing ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => spool.remove(id))
      .catch((error: unknown) => {
        report(`Cannot remove the files of ${id}, which is finished: ${reasonOf(error)}`);
        throw unavailable(error);
      });
    this.#inBackground(removed);
    return () => removed;
  }

  async #removeFiles(item: Item): Promise<void> {
    item.gone = true;
    await item.writing?.catch(() => undefined);
    try {
      await this.#parts.spool.remove(item.entry.id);
    } catch (error) {
      item.gone = false;
      throw unavailable(error);
    }
  }

  #forget(item: Item): void {
    item.gone = true;
    item.lease = 0;
    this.#items.delete(item.entry.id);
    this.#forgetFresh(item);
    if (item.journal) this.#parts.journal.release(item.journal.segment);
    item.journal = undefined;
  }

  #forgetFresh(item: Item): void {
    if (!item.fresh) return;
    this.#freshOctets -= item.journal?.bodyLength ?? 0;
    item.fresh = undefined;
  }

  #note(type: RecordType, id: string, facts: unknown): void {
    this.#parts.journal.note(type, encodeRecord(type, id, facts));
  }

  #append(type: RecordType, id: string, facts: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#parts.journal.append(type, encodeRecord(type, id, facts), (error) => (error ? reject(error) : resolve()));
    });
  }

  async #makeSafe(item: Item): Promise<void> {
    if (item.journal) await this.#parts.journal.sync();
    else await this.#rewrite(item);
    // What was refused once has been written again by now, or the lines above have thrown.
    item.unsafe = 0;
  }

  /** Writes the control file with the newest state; waits for a rewrite that is under way. */
  #rewrite(item: Item): Promise<void> {
    item.dirty = true;
    item.writing ??= this.#rewriteUntilClean(item).finally(() => {
      item.writing = undefined;
    });
    return item.writing;
  }

  async #rewriteUntilClean(item: Item): Promise<void> {
    while (item.dirty && !item.gone) {
      item.dirty = false;
      const unsafe = item.unsafe;
      try {
        await this.#parts.spool.writeControl(item.entry);
      } catch (error) {
        item.dirty = true;
        throw unavailable(error);
      }
      item.unsafe -= unsafe;
    }
  }

  /** Rewrites without being waited for, unless somebody wants to. */
  #rewriteBehind(item: Item, unsafe = false): () => Promise<void> {
    if (unsafe) item.unsafe++;
    const written = this.#rewrite(item);
    this.#inBackground(
      written.catch((error: unknown) => {
        this.#parts.report(`Cannot rewrite the control file of ${item.entry.id}: ${reasonOf(error)}`);
      }),
    );
    return () => written;
  }

  async #changeHold(id: string, reason: string | undefined): Promise<boolean> {
    const item = this.#items.get(id);
    if (!item) return false;
    await item.moving;
    if (item.gone) return false;
    item.entry = withHold(item.entry, reason);
    if (!item.journal) {
      await this.#rewrite(item);
      return true;
    }
    const facts: HoldFacts = reason === undefined ? {} : { reason };
    await this.#append(RecordType.hold, id, facts);
    // Held mail becomes files; while an attempt is under way that waits for its end.
    if (reason !== undefined && item.lease === 0) await this.#move(item);
    return true;
  }

  /** Journal → files. Failing leaves the message where it is. */
  #move(item: Item): Promise<void> {
    item.moving ??= this.#moveNow(item)
      .catch((error: unknown) => {
        this.#parts.report(`Cannot move ${item.entry.id} out of the journal: ${reasonOf(error)}`);
      })
      .finally(() => {
        item.moving = undefined;
      });
    return item.moving;
  }

  async #moveNow(item: Item): Promise<void> {
    const { journal: place, entry } = item;
    const { spool } = this.#parts;
    if (!place || item.gone) return;
    const body = await new JournalBody(place.segment.file, place.bodyAt, place.bodyLength).whole();
    try {
      await spool.writeBody(entry.id, [body]);
      await spool.writeControl(entry);
    } catch (error) {
      await spool.remove(entry.id).catch(() => undefined);
      throw error;
    }
    this.#forgetFresh(item);
    item.journal = undefined;
    item.unsafe = 0;
    const facts: GoneFacts = { why: "moved" };
    try {
      // Before anybody may finish it in the spool: else a crash could bring the journal's copy back.
      await this.#append(RecordType.gone, entry.id, facts);
    } finally {
      this.#parts.journal.release(place.segment);
      if (item.entry !== entry) this.#rewriteBehind(item);
    }
  }

  /** For changes that are too large for a record: the message goes to the spool, its claim stays. */
  #moveBehind(item: Item): () => Promise<void> {
    item.unsafe++;
    const moved = this.#move(item);
    this.#inBackground(moved);
    return async () => {
      await moved;
      if (item.journal) throw new QueueUnavailableError(`Cannot store the changes of ${item.entry.id}`);
    };
  }

  #compact(): void {
    const { journal, clock } = this.#parts;
    if (this.#compacting || this.#closed) return;
    const segment = segmentToCompact(journal.segments, journal.current, clock.now());
    if (!segment) return;
    this.#compacting = true;
    this.#inBackground(
      this.#empty(segment).finally(() => {
        this.#compacting = false;
      }),
    );
  }

  /** Moves what is left of a segment to the spool; what is being worked on stays for the next time. */
  async #empty(segment: Segment): Promise<void> {
    const left = [...this.#items.values()].filter((item) => item.journal?.segment === segment && item.lease === 0);
    const movers = Array.from({ length: MOVES }, async () => {
      for (let item = left.pop(); item && !this.#closed; item = left.pop()) {
        if (item.journal?.segment === segment && item.lease === 0) await this.#move(item);
      }
    });
    await Promise.all(movers);
  }

  #inBackground(work: Promise<unknown>): void {
    const settled = work
      .catch(() => undefined)
      .finally(() => {
        this.#background.delete(settled);
      });
    this.#background.add(settled);
  }
}
