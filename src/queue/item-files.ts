/** Messages in the spool: their control files follow what happens in memory, one rewrite after the other. */
import type { Clock } from "../sys/clock.ts";
import { unavailable } from "./draft.ts";
import { reasonOf } from "./file-operations.ts";
import type { Background, Item } from "./item.ts";
import { wholeEntry } from "./item-header.ts";
import type { SpoolStore } from "./spool-store.ts";

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A control file that is being rewritten, once or more often. */
interface Write {
  /** What the file does not have yet: nothing, what may wait, or what somebody waits for. */
  dirty: "no" | "lazily" | "now";
  /** Who waits for the next rewrite. */
  waiting: Waiter[];
  /** Nobody waits for some of it: a failure is reported. */
  isBehind: boolean;
  /** Ends a rest. */
  wake?: () => void;
  ended: Promise<void>;
}

/** From so many recipients on a rewrite is work: it rests after one for so many times as long, at most so long, ms. */
const MANY_RECIPIENTS = 1_000;
const REST = 10;
const LONGEST_REST = 30_000;

export class ItemFiles {
  readonly #spool: SpoolStore;
  readonly #background: Background;
  readonly #clock: Clock;
  readonly #report: (text: string) => void;
  readonly #writes = new Map<Item, Write>();
  #isClosing = false;

  constructor(spool: SpoolStore, background: Background, clock: Clock, report: (text: string) => void) {
    this.#spool = spool;
    this.#background = background;
    this.#clock = clock;
    this.#report = report;
  }

  /**
   * Writes the control file with the newest state.
   * @throws QueueUnavailableError; the next rewrite brings what this one could not
   */
  rewrite(item: Item): Promise<void> {
    return new Promise((resolve, reject) => void this.#ask(item, "now", { resolve, reject }));
  }

  /**
   * Rewrites in the background.
   * @param unsafe must be on disk before the next claim
   */
  rewriteBehind(item: Item, unsafe = false): void {
    if (unsafe) item.changeUnsafely();
    const write = this.#ask(item, unsafe ? "now" : "lazily");
    if (write.isBehind) return;
    write.isBehind = true;
    this.#background.run(write.ended);
  }

  /** From now on nothing rests. */
  hurry(): void {
    this.#isClosing = true;
    for (const { wake } of this.#writes.values()) wake?.();
  }

  /** Removes the files of a message that is gone, after whatever is still being written. */
  async remove(item: Item): Promise<void> {
    const running = this.#writes.get(item);
    running?.wake?.();
    await running?.ended;
    try {
      await this.#spool.remove(item.entry.id);
    } catch (error) {
      throw unavailable(error);
    }
  }

  #ask(item: Item, how: "lazily" | "now", waiter?: Waiter): Write {
    const waiting = waiter === undefined ? [] : [waiter];
    const running = this.#writes.get(item);
    if (running === undefined) {
      const write: Write = { dirty: "now", waiting, isBehind: false, ended: Promise.resolve() };
      this.#writes.set(item, write);
      write.ended = this.#untilClean(item, write);
      return write;
    }
    running.waiting.push(...waiting);
    if (running.dirty !== "now") running.dirty = how;
    if (how === "now") running.wake?.();
    return running;
  }

  /** Never rejects. */
  async #untilClean(item: Item, write: Write): Promise<void> {
    while (write.dirty !== "no" && !item.isGone) {
      write.dirty = "no";
      const waiting = write.waiting.splice(0);
      const { unsafe } = item;
      const before = performance.now();
      try {
        await this.#spool.writeControl(await wholeEntry(item, this.#spool));
      } catch (error) {
        this.#fail(item, write, waiting, unavailable(error));
        break;
      }
      item.madeSafe(unsafe);
      for (const { resolve } of waiting) resolve();
      if (item.entry.envelope.recipients.length >= MANY_RECIPIENTS) await this.#rest(write, performance.now() - before);
    }
    this.#writes.delete(item);
    for (const { resolve } of write.waiting.splice(0)) resolve();
  }

  #fail(item: Item, write: Write, waiting: readonly Waiter[], error: Error): void {
    for (const { reject } of [...waiting, ...write.waiting.splice(0)]) reject(error);
    if (!write.isBehind) return;
    this.#report(`Cannot rewrite the control file of ${item.entry.id}: ${reasonOf(error)}`);
  }

  /** Unless somebody waits. What a crash meanwhile would forget is who has the message by now. */
  #rest(write: Write, worked: number): Promise<void> | undefined {
    if (write.dirty !== "lazily" || this.#isClosing) return undefined;
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        write.wake = undefined;
        resolve();
      };
      const cancel = this.#clock.after(Math.min(worked * REST, LONGEST_REST), wake);
      write.wake = wake;
    });
  }
}
