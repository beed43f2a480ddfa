/** A ceiling on what goes on at once. */
import type { Clock } from "./clock.ts";

/** What mostly waits (for a host that says nothing, for a lock) gives its place to others. */
export interface Patience {
  readonly clock: Clock;
  /** So long somebody keeps a place, ms. */
  readonly ms: number;
  /** So many may go on without one. */
  readonly most: number;
}

/** The shortest patience, as a part of the usual one. */
const LEAST_PATIENCE = 1 / 16;

/**
 * Lets at most `size` tasks run; the others wait in line, in the order they came. When whole generations of tasks only wait,
 * each of the next has half the time: thousands of hosts that say nothing must not hold up mail for the others for minutes.
 */
export class Gate {
  readonly #size: number;
  #free: number;
  /** Tasks that overstayed their time, less those that did not. */
  #overstayed = 0;
  readonly #waiting: (() => void)[] = [];
  /** Who goes on without a place. */
  #late = 0;

  constructor(size: number) {
    this.#size = size;
    this.#free = size;
  }

  /** Waits for a place. Every `enter` needs one `leave`. */
  enter(): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    // The place goes to who waits longest without becoming free in between.
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }

  /** For who has entered: call the answer instead of `leave`. After some time the place is free for the next already. */
  leaveInTime({ clock, ms, most }: Patience): () => void {
    let state: "inside" | "late" | "gone" = "inside";
    const generations = Math.floor(this.#overstayed / this.#size);
    const cancel = clock.after(ms * Math.max(LEAST_PATIENCE, 2 ** -generations), () => {
      if (state !== "inside" || this.#late >= most) return;
      state = "late";
      this.#overstayed = Math.min(this.#overstayed + 1, 5 * this.#size);
      this.#late++;
      this.leave();
    });
    return () => {
      cancel();
      if (state === "late") this.#late--;
      else if (state === "inside") {
        this.#overstayed = Math.max(0, this.#overstayed - 1);
        this.leave();
      }
      state = "gone";
    };
  }

  /** Does something as soon as there is a place for it. */
  async run<T>(action: () => Promise<T>, patience?: Patience): Promise<T> {
    await this.enter();
    const leave = patience === undefined ? () => this.leave() : this.leaveInTime(patience);
    try {
      return await action();
    } finally {
      leave();
    }
  }
}
