/**
 * Writes down what happens to a message, wherever it lies: as a record of the journal, or in its control file. Changes apply
 * in memory at once and are written behind; what could not be written is kept and written later.
 */
import type { Journal } from "./journal.ts";
import { appendDurably } from "./journal.ts";
import {
  type AttemptFacts,
  encodeRecord,
  type GoneFacts,
  type HoldFacts,
  LONGEST_FACTS,
  RecordType,
  type SettleFacts,
} from "./journal-record.ts";
import { stateOf } from "./entry-reader.ts";
import type { Background, Item } from "./item.ts";
import type { ItemFiles } from "./item-files.ts";
import type { MessageIndex } from "./message-index.ts";
import type { Mover } from "./mover.ts";
import { type Changes, QueueUnavailableError } from "./queue.ts";
import { PartlyRemovedError } from "./spool-store.ts";

export interface ItemChangesParts {
  readonly journal: Journal;
  readonly files: ItemFiles;
  readonly mover: Mover;
  readonly background: Background;
  /** Is told where the newest state of a message stands in the journal. */
  readonly index: MessageIndex;
  /** Hears when there is one reason less to keep a message in memory. */
  readonly rest: (item: Item) => void;
}

export class ItemChanges {
  readonly #parts: ItemChangesParts;
  /** Messages whose last changes are too large for a record: they have to become files before anything counts. */
  readonly #outgrown = new Set<Item>();
  /** How to wait until the end of a finished message is durable. */
  readonly #endings = new WeakMap<Item, () => Promise<void>>();

  constructor(parts: ItemChangesParts) {
    this.#parts = parts;
  }

  attempted(item: Item, facts: AttemptFacts): void {
    const { journal, files } = this.#parts;
    if (item.journal) journal.note(RecordType.attempt, encodeRecord(RecordType.attempt, item.id, facts));
    else files.rewriteBehind(item);
  }

  changed(item: Item, changes: Changes): void {
    const { journal, files, mover, background, rest } = this.#parts;
    // An expansion must be durable before the next claim, whoever waits for it.
    const urgent = (changes.added?.length ?? 0) > 0 || changes.recipients.some(({ state }) => state === "expanded");
    if (!item.journal) {
      files.rewriteBehind(item, urgent);
      return;
    }
    const { added = [] } = changes;
    const from = item.entry.envelope.recipients.length - added.length;
    const facts: SettleFacts = added.length === 0 ? changes : { ...changes, from };
    const record = encodeRecord(RecordType.settle, item.id, facts);
    if (record.length > LONGEST_FACTS) {
      item.changeUnsafely();
      this.#outgrown.add(item);
      background.run(mover.move(item));
    } else if (urgent) {
      item.changeUnsafely();
      journal.append(RecordType.settle, record, (error) => {
        if (error) return;
        item.madeSafe(1);
        rest(item);
      });
    } else journal.note(RecordType.settle, record);
  }

  /**
   * What the journal knows of a message that is not finished, in one record, so that its entry need not stay in memory. Each
   * change was written down before; losing this record loses nothing.
   */
  summed(item: Item): void {
    const { journal, index, rest } = this.#parts;
    if (!item.journal || !item.isAhead || item.isLarge || this.#outgrown.has(item)) return;
    const { version } = item;
    const record = encodeRecord(RecordType.state, item.id, stateOf(item.entry));
    if (record.length > LONGEST_FACTS) return;
    journal.note(RecordType.state, record, (place) => {
      if (item.isGone || !item.journal) return;
      item.saved(version);
      index.setState(item.row, { segment: place.segment.number, at: place.at });
      rest(item);
    });
  }

  /** Nothing is left to do for this message, which the store has forgotten. */
  ended(item: Item, wasInJournal: boolean): void {
    const { journal, files, mover, background } = this.#parts;
    const { id } = item;
    if (wasInJournal) journal.note(RecordType.gone, encodeRecord(RecordType.gone, id, undefined));
    if (wasInJournal && !mover.isStray(item)) {
      this.#endings.set(item, () => journal.sync());
      return;
    }
    const removed = files.removeFinished(item);
    background.run(removed);
    // The journal may have its record still, or a note of its move that is not durable yet.
    this.#endings.set(item, async () => {
      await removed;
      await (wasInJournal ? journal.sync() : mover.settled(item));
    });
  }

  /** Resolves when all that was said about a message is durable. */
  async flush(item: Item): Promise<void> {
    if (item.isGone) return this.#endings.get(item)?.();
    await this.#parts.mover.settled(item);
    return item.isGone ? undefined : this.makeSafe(item);
  }

  /** @throws QueueUnavailableError when what was said about a message cannot be made durable now */
  async makeSafe(item: Item): Promise<void> {
    const { journal, files, mover } = this.#parts;
    await mover.settled(item);
    if (item.journal && this.#outgrown.has(item)) await mover.move(item);
    if (item.journal && this.#outgrown.has(item)) {
      throw new QueueUnavailableError(`Cannot store the changes of ${item.id}`);
    }
    this.#outgrown.delete(item);
    if (item.journal) await journal.sync();
    else await files.rewrite(item);
    // What was refused once has been written again by now, or the lines above have thrown.
    item.madeSafe();
  }

  async held(item: Item): Promise<void> {
    const { journal, files, mover } = this.#parts;
    const { id } = item;
    const { hold } = item.entry;
    await mover.settled(item);
    if (!item.journal) {
      await files.rewrite(item);
      return;
    }
    const facts: HoldFacts = hold === undefined ? {} : { reason: hold };
    await appendDurably(journal, RecordType.hold, id, facts);
    // Moved meanwhile, perhaps with what was known before: then the file counts.
    await mover.settled(item);
    if (!item.journal && !item.isGone) return files.rewrite(item);
    // Held mail becomes files; while an attempt is under way that waits for its end.
    if (hold !== undefined && item.isWaiting) await mover.move(item);
  }

  /** Removes a message that is not finished. False: meanwhile it was, or moved. */
  async removed(item: Item): Promise<boolean> {
    const { journal, files, mover } = this.#parts;
    await mover.settled(item);
    if (item.isGone) return false;
    // From now on no move begins: its files would bring the message back after a crash.
    item.beginRemoval();
    const facts: GoneFacts = { why: "removed" };
    // Whoever is told that it failed goes on with a message that is there: no later record may end it.
    const removal = item.journal
      ? appendDurably(journal, RecordType.gone, item.id, facts, "now or never")
      : files.remove(item);
    // Whoever waits for a change meanwhile must not be told that it is durable: it may have to be, if the files stay.
    this.#endings.set(item, () => removal);
    try {
      await removal;
      return item.isRemoving;
    } catch (error) {
      // Without its control file there is nothing to go back to.
      const isPartlyRemoved = error instanceof QueueUnavailableError && error.cause instanceof PartlyRemovedError;
      if (isPartlyRemoved) this.#parts.background.run(files.removeFinished(item));
      else if (item.cancelRemoval() && item.isRead && !item.journal) files.rewriteBehind(item, item.unsafe > 0);
      throw error;
    }
  }
}
