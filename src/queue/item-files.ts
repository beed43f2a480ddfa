/** Messages in the spool: their control files follow what happens in memory, one rewrite after the other. */
import type { Clock } from "../sys/clock.ts";
import { unavailable } from "./draft.ts";
import { reasonOf } from "./file-operations.ts";
import type { Background, Item } from "./item.ts";
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

/** With many recipients a rewrite is work: it rests after one for so many times as long, at most so long, ms. */
const REST = 10;
const LONGEST_REST = 30_000;
/** When what failed is tried again, ms. */
const RETRY = 10_000;

/** What a disk did not take, and will be asked again. */
interface Debt {
  readonly pay: () => void;
  cancel: () => void;
  /** An operator has heard of it. */
  reported: boolean;
}

export class ItemFiles {
  readonly #spool: SpoolStore;
  readonly #background: Background;
  readonly #clock: Clock;
  readonly #report: (text: string) => void;
  readonly #written: (item: Item) => void;
  readonly #writes = new Map<Item, Write>();
  /**
   * Changes and removals that failed. Memory is ahead of the disk, and who was told nothing of the failure relies on that:
   * without another try a message that was delivered comes back with the next start, however long the disk works again by then.
   */
  readonly #debts = new Map<Item, Debt>();
  #isClosing = false;

  /** @param written hears of messages of which nothing is left to be written */
  constructor(
    spool: SpoolStore,
    background: Background,
    clock: Clock,
    report: (text: string) => void,
    written: (item: Item) => void,
  ) {
    this.#spool = spool;
    this.#background = background;
    this.#clock = clock;
    this.#report = report;
    this.#written = written;
  }

  /**
   * Writes the control file with the newest state.
   * @throws QueueUnavailableError; another rewrite, soon, brings what this one could not
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

  /** Its control file is being written, or has to be. */
  isWriting(item: Item): boolean {
    return this.#writes.has(item) || this.#debts.has(item);
  }

  /** From now on nothing rests, and what failed is tried once more. */
  hurry(): void {
    this.#isClosing = true;
    for (const { wake } of this.#writes.values()) wake?.();
    for (const { pay } of this.#debts.values()) pay();
  }

  /** Removes the files of a message that is gone, after whatever is still being written. */
  async remove(item: Item): Promise<void> {
    const running = this.#writes.get(item);
    running?.wake?.();
    await running?.ended;
    try {
      await this.#spool.remove(item.id);
      this.#forgive(item);
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** The same for a message that is finished. Rejects when that fails, and tries it again until it does not. */
  async removeFinished(item: Item): Promise<void> {
    try {
      await this.remove(item);
    } catch (error) {
      const problem = `Cannot remove the files of ${item.id}, which is finished: ${reasonOf(error)}`;
      this.#owe(item, () => this.#background.run(this.removeFinished(item)), problem);
      throw error;
    }
  }

  /** @param problem for an operator, once; undefined: somebody else was told */
  #owe(item: Item, again: () => void, problem: string | undefined): void {
    const before = this.#debts.get(item);
    before?.cancel();
    const pay = (): void => {
      debt.cancel();
      again();
    };
    const cancel = this.#isClosing ? () => undefined : this.#clock.after(RETRY, pay);
    const debt: Debt = { pay, cancel, reported: before?.reported === true || problem !== undefined };
    this.#debts.set(item, debt);
    if (problem !== undefined && before?.reported !== true) this.#report(problem);
  }

  #forgive(item: Item): void {
    this.#debts.get(item)?.cancel();
    this.#debts.delete(item);
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
      const { unsafe, version } = item;
      const before = performance.now();
      try {
        await this.#spool.writeControl(item.entry);
      } catch (error) {
        this.#fail(item, write, waiting, unavailable(error));
        break;
      }
      item.madeSafe(unsafe);
      item.saved(version);
      this.#forgive(item);
      for (const { resolve } of waiting) resolve();
      if (item.isLarge) await this.#rest(write, performance.now() - before);
    }
    this.#writes.delete(item);
    for (const { resolve } of write.waiting.splice(0)) resolve();
    this.#written(item);
  }

  #fail(item: Item, write: Write, waiting: readonly Waiter[], error: Error): void {
    for (const { reject } of [...waiting, ...write.waiting.splice(0)]) reject(error);
    const problem = `Cannot rewrite the control file of ${item.id}: ${reasonOf(error)}`;
    this.#owe(item, () => this.rewriteBehind(item), write.isBehind ? problem : undefined);
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
