/**
 * The scheduler of one process: asks the store for what is due, and waits with one timer for what comes next, or until the
 * store says that something is due sooner.
 */
import type { Clock } from "../sys/clock.ts";
import type { Claim, DueQueue } from "./queue.ts";
import type { Scheduler } from "./scheduler.ts";

/** When nothing waits the store tells; a look once a day costs nothing. */
const LONGEST_WAIT = 24 * 3_600_000;
/** Until we look again for a message that somebody else has claimed before us, ms. */
const TAKEN_WAIT = 1000;

export class TimerScheduler implements Scheduler {
  readonly #clock: Clock;
  readonly #queue: DueQueue;
  readonly #unwatch: () => void;
  #closed = false;
  /** Something may be due sooner than what we last heard: counts, so that none is missed while a question is open. */
  #hints = 0;
  #wake: (() => void) | undefined;

  constructor(clock: Clock, queue: DueQueue) {
    this.#clock = clock;
    this.#queue = queue;
    this.#unwatch = queue.watch(() => this.#hint());
  }

  async next(): Promise<Claim | undefined> {
    while (!this.#closed) {
      const hints = this.#hints;
      const now = this.#clock.now();
      const [claim] = await this.#queue.claimDue(now, 1);
      if (claim !== undefined) return claim;
      const due = await this.#queue.nextDue();
      if (this.#closed) break;
      // Due, and not given to us: somebody else was first.
      if (due !== undefined && due <= now && this.#hints === hints) await this.#pause(TAKEN_WAIT, hints);
      else await this.#pause(due === undefined ? LONGEST_WAIT : due - this.#clock.now(), hints);
    }
    return undefined;
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
    this.#hint();
  }

  #hint(): void {
    this.#hints++;
    this.#wake?.();
  }

  /** Waits so many ms, or for a hint later than this one. */
  #pause(ms: number, hints: number): Promise<void> {
    if (this.#hints !== hints) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#clock.after(Math.min(ms, LONGEST_WAIT), () => over());
      const over = (): void => {
        cancel();
        this.#wake = undefined;
        resolve();
      };
      this.#wake = over;
    });
  }
}
