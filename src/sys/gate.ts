/** A ceiling on what goes on at once. */

/** Lets at most `size` tasks run; the others wait in line, in the order they came. */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

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

  /** Does something as soon as there is a place for it. */
  async run<T>(action: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await action();
    } finally {
      this.leave();
    }
  }
}
