/**
 * Looks for messages in the queue: by what the index knows of them, and what that does not know is read from the disk, a few
 * messages at a time, so that a list of a million costs no memory and its beginning no time. Messages come in the order of their
 * ids.
 */
import { reasonOf } from "./file-operations.ts";
import { matcherOf, type QueueFilter } from "./filter.ts";
import { NONE } from "./id-table.ts";
import type { LiveItems } from "./live-items.ts";
import { mayBeUnreadable, unreadableEntry } from "./unreadable.ts";
import { Flag, type MessageIndex } from "./message-index.ts";
import type { EntryOutline } from "./outline.ts";
import type { Page, QueueEntry } from "./queue.ts";
import { breath } from "../sys/breath.ts";

export interface ListingParts {
  readonly index: MessageIndex;
  readonly items: LiveItems;
  readonly report: (text: string) => void;
}

/** Conditions that need no entry. */
const IN_INDEX: ReadonlySet<string> = new Set<keyof QueueFilter>(["ids", "held", "triedBefore"]);
/** Messages looked at together. */
const TOGETHER = 64;
/** Messages looked at without a turn for others, when nothing is read: some milliseconds. */
const IN_A_BREATH = 1_000;

export class Listing {
  readonly #parts: ListingParts;

  constructor(parts: ListingParts) {
    this.#parts = parts;
  }

  async list(filter: QueueFilter, { after, most = Infinity }: Page): Promise<readonly QueueEntry[]> {
    const found: QueueEntry[] = [];
    for await (const entry of this.#matching(filter, after, Math.min(most, TOGETHER))) {
      if (found.length >= most) break;
      found.push(entry);
    }
    return found;
  }

  /** The same without what is not in outlines; only what has none is read. */
  async outlines(filter: QueueFilter, { after, most = Infinity }: Page): Promise<readonly EntryOutline[]> {
    const found: EntryOutline[] = [];
    if (most <= 0) return found;
    for await (const outline of this.#outlined(filter, after)) {
      found.push(outline);
      if (found.length >= most) break;
    }
    return found;
  }

  async count(filter: QueueFilter): Promise<number> {
    const { index } = this.#parts;
    let count = 0;
    if (this.#isKnown(filter)) {
      if (filter.ids === undefined && filter.triedBefore === undefined) {
        const held = index.count(Flag.held);
        return filter.held === undefined ? index.ids.size : filter.held ? held : index.ids.size - held;
      }
      for (const row of this.#rows(filter, undefined, TOGETHER)) count += row.length;
      return count;
    }
    for await (const _ of this.#outlined(filter, undefined)) count++;
    return count;
  }

  /** Ids of what matches, in order. */
  async *ids(filter: QueueFilter): AsyncGenerator<string, void, undefined> {
    const { index } = this.#parts;
    if (!this.#isKnown(filter)) {
      for await (const { id } of this.#outlined(filter, undefined)) yield id;
      return;
    }
    for (const rows of this.#rows(filter, undefined, TOGETHER)) {
      // What is done with one of them may take the others away.
      for (const id of rows.map((row) => index.ids.id(row))) yield id;
    }
  }

  async *#matching(filter: QueueFilter, after: string | undefined, together: number): AsyncGenerator<QueueEntry> {
    const matches = matcherOf(filter);
    let looked = 0;
    for (const rows of this.#rows(filter, after, together)) {
      looked += rows.length;
      const meant = rows.filter((row) => {
        const outline = this.#outline(row);
        return outline === undefined || matches(outline);
      });
      for (const entry of await Promise.all(meant.map((row) => this.#entry(row, filter)))) {
        if (entry !== undefined && matches(entry)) yield entry;
      }
      if (meant.length > 0 || looked < IN_A_BREATH) continue;
      looked = 0;
      await breath();
    }
  }

  async *#outlined(filter: QueueFilter, after: string | undefined): AsyncGenerator<EntryOutline> {
    const matches = matcherOf(filter);
    let looked = 0;
    for (const rows of this.#rows(filter, after, TOGETHER)) {
      looked += rows.length;
      const known = rows.map((row) => this.#outline(row) ?? this.#entry(row, filter));
      for (const each of known) {
        const outline = each instanceof Promise ? await each : each;
        if (outline !== undefined && matches(outline)) yield outline;
      }
      if (looked < IN_A_BREATH) continue;
      looked = 0;
      await breath();
    }
  }

  /** What is known of a message without reading it. */
  #outline(row: number): EntryOutline | undefined {
    const { index, items } = this.#parts;
    const item = items.get(row);
    if (item?.isRead) return item.entry;
    return index.outline(row);
  }

  /** Rows that can match, in order, some at a time. */
  *#rows(filter: QueueFilter, after: string | undefined, together: number): Generator<readonly number[]> {
    const { ids } = this.#parts.index;
    if (filter.ids !== undefined) {
      const wanted = [...new Set(filter.ids)].toSorted().filter((id) => after === undefined || id > after);
      yield wanted.map((id) => ids.find(id)).filter((row) => row !== NONE && this.#mayMatch(row, filter));
      return;
    }
    for (let last = after; ;) {
      const rows = ids.after(last, together);
      if (rows.length === 0) return;
      last = ids.id(rows.at(-1)!);
      yield rows.filter((row) => this.#mayMatch(row, filter));
    }
  }

  #mayMatch(row: number, { held, triedBefore = Infinity }: QueueFilter): boolean {
    const { index } = this.#parts;
    // What is unread is known by its name only; what is claimed is being tried.
    if (index.has(row, Flag.unread)) return true;
    return (held === undefined || index.has(row, Flag.held) === held) && index.tried(row) < triedBefore;
  }

  /** The index answers by itself. */
  #isKnown(filter: QueueFilter): boolean {
    const { held, triedBefore } = filter;
    if ((held !== undefined || triedBefore !== undefined) && this.#parts.index.count(Flag.unread) > 0) return false;
    return Object.entries(filter).every(([name, value]) => IN_INDEX.has(name) || value === undefined);
  }

  /** Undefined for what is gone by now, or cannot be read and cannot be meant either; the latter is reported. */
  async #entry(row: number, filter: QueueFilter): Promise<QueueEntry | undefined> {
    const { index, items, report } = this.#parts;
    const id = index.ids.id(row);
    try {
      // It waits again from now on.
      if (index.has(row, Flag.unreadable)) return (await items.bring(row))?.entry;
      return await items.peek(row);
    } catch (error) {
      if (mayBeUnreadable(filter)) return unreadableEntry(id, reasonOf(error));
      report(`Cannot read ${id}: ${reasonOf(error)}`);
      return undefined;
    }
  }
}
