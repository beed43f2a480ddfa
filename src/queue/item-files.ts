/** Messages in the spool: their control files follow what happens in memory, one rewrite after the other. */
import { unavailable } from "./draft.ts";
import { reasonOf } from "./file-operations.ts";
import type { Background, Item } from "./item.ts";
import { wholeEntry } from "./item-header.ts";
import type { SpoolStore } from "./spool-store.ts";

interface Write {
  dirty: boolean;
  done: Promise<void>;
}

export class ItemFiles {
  readonly #spool: SpoolStore;
  readonly #background: Background;
  readonly #report: (text: string) => void;
  /** Control files that are being rewritten; `dirty`: and must be once more. */
  readonly #writes = new Map<Item, Write>();

  constructor(spool: SpoolStore, background: Background, report: (text: string) => void) {
    this.#spool = spool;
    this.#background = background;
    this.#report = report;
  }

  /**
   * Writes the control file with the newest state; what happens meanwhile is written too.
   * @throws QueueUnavailableError; the next rewrite brings what this one could not
   */
  rewrite(item: Item): Promise<void> {
    const running = this.#writes.get(item);
    if (running !== undefined) {
      running.dirty = true;
      return running.done;
    }
    const write = { dirty: true, done: Promise.resolve() };
    this.#writes.set(item, write);
    write.done = this.#untilClean(item, write).finally(() => this.#writes.delete(item));
    return write.done;
  }

  /**
   * Rewrites in the background; the answer is for those who want to wait after all.
   * @param unsafe must be on disk before the next claim
   */
  rewriteBehind(item: Item, unsafe = false): () => Promise<void> {
    if (unsafe) item.changeUnsafely();
    const written = this.rewrite(item);
    this.#background.run(
      written.catch((error: unknown) => {
        this.#report(`Cannot rewrite the control file of ${item.entry.id}: ${reasonOf(error)}`);
      }),
    );
    return () => written;
  }

  /** Removes the files of a message that is gone, after whatever is still being written. */
  async remove(item: Item): Promise<void> {
    await this.#writes.get(item)?.done.catch(() => undefined);
    try {
      await this.#spool.remove(item.entry.id);
    } catch (error) {
      throw unavailable(error);
    }
  }

  async #untilClean(item: Item, write: Write): Promise<void> {
    while (write.dirty && !item.isGone) {
      write.dirty = false;
      const { unsafe } = item;
      try {
        await this.#spool.writeControl(await wholeEntry(item, this.#spool));
      } catch (error) {
        throw unavailable(error);
      }
      item.madeSafe(unsafe);
    }
  }
}
