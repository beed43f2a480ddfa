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

/** Lets at most `size` tasks run; the others wait in line, in the order they came. */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  /** Who goes on without a place. */
  #late = 0;

  constructor(size: number) {
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
    const cancel = clock.after(ms, () => {
      if (state !== "inside" || this.#late >= most) return;
      state = "late";
      this.#late++;
      this.leave();
    });
    return () => {
      cancel();
      if (state === "late") this.#late--;
      else if (state === "inside") this.leave();
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
