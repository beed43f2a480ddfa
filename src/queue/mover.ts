/**
 * From the journal to the spool: held mail, changes too large for a record, and what is left of old segments. The
 * files are complete before the journal is told, and the journal knows before anybody may finish the message there:
 * at every moment one of them has it, and the spool is right when both do.
 */
import type { Clock } from "../sys/clock.ts";
import { JournalBody } from "./body.ts";
import { segmentToCompact } from "./compaction.ts";
import { unavailable } from "./draft.ts";
import { reasonOf } from "./file-operations.ts";
import type { Background, FreshMessages, Item } from "./item.ts";
import type { ItemFiles } from "./item-files.ts";
import type { LiveItems } from "./live-items.ts";
import type { MessageIndex } from "./message-index.ts";
import { appendDurably, type Journal } from "./journal.ts";
import { type GoneFacts, RecordType } from "./journal-record.ts";
import type { Segment } from "./segment.ts";
import type { SpoolStore } from "./spool-store.ts";

export interface MoverParts {
  readonly journal: Journal;
  readonly spool: SpoolStore;
  readonly files: ItemFiles;
  readonly fresh: FreshMessages;
  readonly background: Background;
  readonly clock: Clock;
  readonly report: (text: string) => void;
  readonly index: MessageIndex;
  readonly items: LiveItems;
}

/** How often somebody looks for segments that have become old, ms. */
const COMPACTION_INTERVAL = 300_000;
/** Messages of a segment moved at the same time. */
const MOVES = 8;
/** When what a failed move left behind is looked at again, ms. */
const RETRY = 10_000;

export class Mover {
  readonly #parts: MoverParts;
  readonly #moves = new Map<Item, Promise<void>>();
  /** The journal has them, and their files could not be removed after a failed move: what these say would count. */
  readonly #stray = new Set<Item>();
  /** The spool has them, and the journal's note of that failed: without the files the journal would bring them back. */
  readonly #untold = new Set<Item>();
  /** Files of failed moves that are being removed: no move of the same message begins before the end. */
  readonly #clearing = new Map<Item, Promise<void>>();
  #cancelRepair: (() => void) | undefined;
  #compacting = false;
  #cancelLook: (() => void) | undefined;
  #started = false;
  /** Number of the newest segment; a new one is the moment to look at the oldest. */
  #newest = 0;
  #stopped = false;

  constructor(parts: MoverParts) {
    this.#parts = parts;
  }

  /** Moves a message that nobody has claimed. When that fails it stays where it is, and `report` hears why. */
  move(item: Item): Promise<void> {
    const running = this.#moves.get(item);
    if (running !== undefined) return running;
    const move = this.#move(item)
      .catch((error: unknown) => {
        this.#parts.report(`Cannot move ${item.id} out of the journal: ${reasonOf(error)}`);
      })
      .finally(() => {
        this.#moves.delete(item);
        this.#parts.items.rest(item);
      });
    this.#moves.set(item, move);
    return move;
  }

  /** The end of a move under way. */
  moving(item: Item): Promise<void> | undefined {
    return this.#moves.get(item);
  }

  /** From now on old segments are emptied: every message is known. */
  start(): void {
    this.#started = true;
    const look = (): void => {
      this.#compact();
      this.#cancelLook = this.#parts.clock.after(COMPACTION_INTERVAL, look);
    };
    if (!this.#stopped) look();
  }

  /** A message was written to this segment. */
  compactAfter({ number }: Segment): void {
    if (number === this.#newest) return;
    this.#newest = number;
    this.#compact();
  }

  /** Something is being done with its files, or has to be. */
  isBusy(item: Item): boolean {
    return this.#moves.has(item) || this.#stray.has(item) || this.#untold.has(item);
  }

  /**
   * Resolves when one of journal and spool has the message, and the disk says so. Whatever is promised about a message after
   * a move that failed half-way has to wait for that.
   * @throws QueueUnavailableError
   */
  async settled(item: Item): Promise<void> {
    for (let move = this.moving(item); move !== undefined; move = this.moving(item)) await move;
    const { journal, items } = this.#parts;
    const wasStray = this.#stray.has(item);
    if (wasStray) await this.#clear(item);
    if (this.#untold.has(item)) await journal.sync();
    if (this.#untold.delete(item) || wasStray) items.rest(item);
  }

  /** Removes what a failed move has left. @throws QueueUnavailableError */
  #clear(item: Item): Promise<void> {
    const running = this.#clearing.get(item);
    if (running !== undefined) return running;
    const removal = item.journal === undefined ? Promise.resolve() : this.#parts.spool.remove(item.id);
    const clearing = removal
      .then(
        () => void this.#stray.delete(item),
        (error: unknown) => {
          throw unavailable(error);
        },
      )
      .finally(() => this.#clearing.delete(item));
    this.#clearing.set(item, clearing);
    return clearing;
  }

  /** Empties an old segment in the background, if there is one that is worth it. */
  #compact(): void {
    const { journal, clock, background } = this.#parts;
    if (this.#compacting || this.#stopped || !this.#started) return;
    const segment = segmentToCompact(journal.segments.all, journal.segments.current, clock.now());
    if (!segment) return;
    this.#compacting = true;
    background.run(
      this.#empty(segment).finally(() => {
        this.#compacting = false;
        // Empty and gone: perhaps the next one is worth it, too.
        if (segment.live <= 0) this.#compact();
      }),
    );
  }

  /** True when files of it are left that say something else than the journal. */
  isStray(item: Item): boolean {
    return this.#stray.has(item);
  }

  /** Ends a compaction after the messages that are on their way; tries a last time to repair what failed moves left. */
  stop(): void {
    this.#stopped = true;
    this.#cancelLook?.();
    this.#cancelRepair?.();
    this.#parts.background.run(this.#repair());
  }

  /** The files of a failed move cannot be removed now. */
  #leave(item: Item): void {
    if (item.isGone) this.#parts.background.run(this.#parts.files.removeFinished(item));
    else {
      this.#stray.add(item);
      this.#repairLater();
    }
  }

  #repairLater(): void {
    if (this.#stopped) return;
    this.#cancelRepair ??= this.#parts.clock.after(RETRY, () => {
      this.#cancelRepair = undefined;
      this.#parts.background.run(this.#repair());
    });
  }

  async #repair(): Promise<void> {
    for (const item of [...this.#stray, ...this.#untold]) await this.settled(item).catch(() => this.#repairLater());
  }

  async #move(item: Item): Promise<void> {
    // Its end would take away what is written now. Whether it succeeds does not matter: everything is written anew.
    const clearing = this.#clearing.get(item);
    if (clearing !== undefined) await clearing.catch(() => undefined);
    const { journal: place } = item;
    const { spool, journal, files, fresh, index } = this.#parts;
    if (!place || item.isGone) return;
    const { entry, version } = item;
    const body = await new JournalBody(place.segment.file, place.bodyAt, place.bodyLength).whole();
    try {
      await spool.writeBody(entry.id, [body]);
      await spool.writeControl(entry);
    } catch (error) {
      await spool.remove(entry.id).catch(() => this.#leave(item));
      throw error;
    }
    if (item.isGone) {
      // Finished meanwhile, as a message of the journal.
      await files.removeFinished(item);
      return;
    }
    this.#stray.delete(item);
    fresh.drop(item);
    item.journal = undefined;
    item.madeSafe();
    item.saved(version);
    index.setSpooled(item.row);
    const facts: GoneFacts = { why: "moved" };
    this.#untold.add(item);
    try {
      await appendDurably(journal, RecordType.gone, entry.id, facts);
      this.#untold.delete(item);
    } catch (error) {
      this.#repairLater();
      throw error;
    } finally {
      journal.release(place.segment);
      if (item.isAhead && !item.isGone) files.rewriteBehind(item);
    }
  }

  /** Moves what is left of a segment; what is being worked on stays for the next time. */
  async #empty(segment: Segment): Promise<void> {
    const { index, items, report } = this.#parts;
    const left = index.rowsIn(segment.number);
    const movers = Array.from({ length: MOVES }, async () => {
      for (let row = left.pop(); row !== undefined && !this.#stopped; row = left.pop()) {
        // Finished meanwhile; the row may be another one's.
        if (!index.isIn(row, segment.number)) continue;
        try {
          const item = await items.bring(row);
          const isLeft = item !== undefined && items.get(row) === item && item.isWaiting;
          if (isLeft && item.journal?.segment === segment) await this.move(item);
        } catch (error) {
          report(`Cannot move a message out of ${segment.file.path}: ${reasonOf(error)}`);
        }
      }
    });
    await Promise.all(movers);
  }
}
