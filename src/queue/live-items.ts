/**
 * The messages whose entries are in memory: claimed, fresh, or changed in a way that the disk does not have yet. They are
 * brought from the disk when somebody needs them and let go of when nobody does any more.
 */
import { unavailable } from "./draft.ts";
import type { EntryReader } from "./entry-reader.ts";
import { type FreshMessages, Item } from "./item.ts";
import type { MessageIndex } from "./message-index.ts";
import type { QueueEntry } from "./queue.ts";
import type { SegmentChain } from "./segment-chain.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";

export interface LiveItemsParts {
  readonly index: MessageIndex;
  readonly reader: EntryReader;
  readonly fresh: FreshMessages;
  readonly segments: SegmentChain;
  /** Changes that `reader` makes to what it reads, until the entry is in memory. */
  readonly later: Map<number, unknown>;
  /** Something is being written of it. */
  readonly isBusy: (item: Item) => boolean;
  /** It was brought into memory; `isChanged`: with changes that the disk does not have where it is read from. */
  readonly brought: (item: Item, isChanged: boolean) => void;
}

export class LiveItems {
  readonly #parts: LiveItemsParts;
  readonly #items = new Map<number, Item>();

  constructor(parts: LiveItemsParts) {
    this.#parts = parts;
  }

  /** The one that is in memory, perhaps still being read. */
  get(row: number): Item | undefined {
    return this.#items.get(row);
  }

  add(item: Item): void {
    this.#items.set(item.row, item);
  }

  /**
   * The message of a row, read from the disk if need be; undefined when it is gone meanwhile.
   * Rejects with QueueUnavailableError when it cannot be read now.
   */
  bring(row: number): MaybePromise<Item | undefined> {
    const known = this.#items.get(row);
    if (known?.isRead) return known;
    const item = known ?? new Item(this.#parts.index.ids.id(row), row);
    if (known === undefined) this.#items.set(row, item);
    item.reading ??= this.#read(item);
    return item.reading.then(() => (item.isGone ? undefined : item));
  }

  /** The same to remove it, for which its entry is not needed: one that cannot be read comes without. */
  async bringOrBare(row: number): Promise<Item | undefined> {
    const { index, segments } = this.#parts;
    const id = index.ids.id(row);
    try {
      return await this.bring(row);
    } catch {
      if (index.ids.find(id) !== row) return undefined;
    }
    const item = new Item(id, row);
    const records = index.records(row);
    const segment = records && segments.numbered(records.message.segment);
    if (records && segment) item.journal = { segment, at: records.message.at, bodyAt: 0, bodyLength: 0 };
    this.#items.set(row, item);
    return item;
  }

  /** The entry of a row, without bringing it into memory. Undefined when it is gone. Rejects as `bring`. */
  peek(row: number): MaybePromise<QueueEntry | undefined> {
    const item = this.#items.get(row);
    if (item?.isRead) return item.entry;
    const { index, reader } = this.#parts;
    const id = index.ids.id(row);
    return reader.read(row, id).then(
      (read) => {
        // Brought meanwhile, and perhaps changed.
        const now = this.#items.get(row);
        return now?.isRead && now.id === id ? now.entry : read?.entry;
      },
      (error: unknown) => {
        throw unavailable(error);
      },
    );
  }

  /** Lets go of it, unless there is a reason to keep it. */
  rest(item: Item): void {
    const { fresh, isBusy } = this.#parts;
    if (!item.isWaiting || !item.isRead || item.isAhead || item.unsafe > 0 || item.isLarge) return;
    if (item.users > 0 || fresh.has(item) || isBusy(item)) return;
    if (this.#items.get(item.row) === item) this.#items.delete(item.row);
  }

  /** Has it stay in memory until the work is done, however much of that waits. */
  async use<T>(item: Item, work: () => Promise<T>): Promise<T> {
    item.users++;
    try {
      return await work();
    } finally {
      item.users--;
      this.rest(item);
    }
  }

  /** It is gone. False: that was known. */
  forget(item: Item): boolean {
    return this.#items.get(item.row) === item && this.#items.delete(item.row);
  }

  async #read(item: Item): Promise<void> {
    const { reader, fresh, later, brought } = this.#parts;
    try {
      const read = await reader.read(item.row, item.id);
      if (item.isGone) return;
      if (read === undefined) {
        item.end();
        this.forget(item);
        return;
      }
      item.journal = read.journal;
      item.adopt(read.entry);
      if (read.body) fresh.keep(item, [read.body], read.body.length);
      const isChanged = later.delete(item.row);
      if (isChanged) item.entry = read.entry;
      brought(item, isChanged);
    } catch (error) {
      this.forget(item);
      throw unavailable(error);
    } finally {
      item.reading = undefined;
    }
  }
}
