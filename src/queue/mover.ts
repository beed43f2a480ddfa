/**
 * From the journal to the spool: held mail, changes too large for a record, and what is left of old segments. The
 * files are complete before the journal is told, and the journal knows before anybody may finish the message there:
 * at every moment one of them has it, and the spool is right when both do.
 */
import type { Clock } from "../sys/clock.ts";
import { JournalBody } from "./body.ts";
import { segmentToCompact } from "./compaction.ts";
import { reasonOf } from "./file-operations.ts";
import type { Background, FreshBodies, Item } from "./item.ts";
import { wholeEntry } from "./item-header.ts";
import type { ItemFiles } from "./item-files.ts";
import { appendDurably, type Journal } from "./journal.ts";
import { type GoneFacts, RecordType } from "./journal-record.ts";
import type { Segment } from "./segment.ts";
import type { SpoolStore } from "./spool-store.ts";

export interface MoverParts {
  readonly journal: Journal;
  readonly spool: SpoolStore;
  readonly files: ItemFiles;
  readonly fresh: FreshBodies;
  readonly background: Background;
  readonly clock: Clock;
  readonly report: (text: string) => void;
}

/** Messages of a segment moved at the same time. */
const MOVES = 8;

export class Mover {
  readonly #parts: MoverParts;
  readonly #moves = new Map<Item, Promise<void>>();
  #compacting = false;
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
        this.#parts.report(`Cannot move ${item.entry.id} out of the journal: ${reasonOf(error)}`);
      })
      .finally(() => this.#moves.delete(item));
    this.#moves.set(item, move);
    return move;
  }

  /** The end of a move under way. */
  moving(item: Item): Promise<void> | undefined {
    return this.#moves.get(item);
  }

  /** Empties an old segment in the background, if there is one that is worth it. */
  compact(items: Iterable<Item>): void {
    const { journal, clock, background } = this.#parts;
    if (this.#compacting || this.#stopped) return;
    const segment = segmentToCompact(journal.segments.all, journal.segments.current, clock.now());
    if (!segment) return;
    this.#compacting = true;
    background.run(
      this.#empty(segment, items).finally(() => {
        this.#compacting = false;
      }),
    );
  }

  /** Ends a compaction after the messages that are on their way. */
  stop(): void {
    this.#stopped = true;
  }

  async #move(item: Item): Promise<void> {
    const { journal: place } = item;
    const { spool, journal, files, fresh } = this.#parts;
    if (!place || item.isGone) return;
    const whole = await wholeEntry(item, spool);
    const { entry } = item;
    const body = await new JournalBody(place.segment.file, place.bodyAt, place.bodyLength).whole();
    try {
      await spool.writeBody(entry.id, [body]);
      await spool.writeControl(whole);
    } catch (error) {
      await spool.remove(entry.id).catch(() => undefined);
      throw error;
    }
    if (item.isGone) {
      // Finished meanwhile, as a message of the journal.
      await spool.remove(entry.id);
      return;
    }
    fresh.drop(item);
    item.journal = undefined;
    item.madeSafe();
    const facts: GoneFacts = { why: "moved" };
    try {
      await appendDurably(journal, RecordType.gone, entry.id, facts);
    } finally {
      journal.release(place.segment);
      if (item.entry !== entry && !item.isGone) files.rewriteBehind(item);
    }
  }

  /** Moves what is left of a segment; what is being worked on stays for the next time. */
  async #empty(segment: Segment, items: Iterable<Item>): Promise<void> {
    const isLeft = (item: Item): boolean => item.journal?.segment === segment && item.isWaiting;
    const left = [...items].filter(isLeft);
    const movers = Array.from({ length: MOVES }, async () => {
      for (let item = left.pop(); item && !this.#stopped; item = left.pop()) if (isLeft(item)) await this.move(item);
    });
    await Promise.all(movers);
  }
}
