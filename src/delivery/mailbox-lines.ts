/**
 * Deliveries to one mailbox, kept from filling the places of all others. Somebody may hold the lock of his own mailbox for as
 * long as he likes: a few deliveries to it wait for the lock, the rest stands in a line of its own, and when nothing has been
 * delivered there for a while, the line is sent away until the message is tried again.
 */
import type { Clock } from "../sys/clock.ts";

/** Deliveries to one mailbox that go on at once: they go together anyway, in the turn of its user. */
const AT_ONCE = 16;
/** A mailbox to which nothing was delivered for so long, while deliveries waited, is stuck, ms. */
const STUCK = 15_000;
/** So many try a stuck mailbox, to see that it is stuck no more. */
const PROBES = 2;

interface Line {
  running: number;
  /** When something was delivered last, or the first one came; ms since the epoch. */
  progress: number;
  readonly waiting: ((mayGo: boolean) => void)[];
  cancel: (() => void) | undefined;
}

export class MailboxLines {
  readonly #clock: Clock;
  readonly #lines = new Map<string, Line>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Does something with a mailbox as soon as its line allows.
   * @param isProgress whether what came of it shows that the mailbox can be written
   * @returns undefined when the mailbox is stuck: nothing was done
   */
  async run<T>(path: string, action: () => Promise<T>, isProgress: (result: T) => boolean): Promise<T | undefined> {
    const line = this.#line(path);
    if (!(await this.#enter(line))) return undefined;
    try {
      const result = await action();
      if (isProgress(result)) line.progress = this.#clock.now();
      return result;
    } finally {
      this.#leave(path, line);
    }
  }

  #line(path: string): Line {
    let line = this.#lines.get(path);
    if (line === undefined) {
      line = { running: 0, progress: this.#clock.now(), waiting: [], cancel: undefined };
      this.#lines.set(path, line);
    }
    return line;
  }

  #enter(line: Line): boolean | Promise<boolean> {
    if (line.running < (this.#isStuck(line) ? PROBES : AT_ONCE)) {
      line.running++;
      return true;
    }
    if (this.#isStuck(line)) return false;
    const mayGo = new Promise<boolean>((resolve) => line.waiting.push(resolve));
    this.#watch(line);
    return mayGo;
  }

  #isStuck({ progress }: Line): boolean {
    return this.#clock.now() - progress >= STUCK;
  }

  /** Sends the line away as soon as the mailbox is stuck. */
  #watch(line: Line): void {
    line.cancel ??= this.#clock.after(Math.max(1, line.progress + STUCK - this.#clock.now()), () => {
      line.cancel = undefined;
      if (this.#isStuck(line)) for (const answer of line.waiting.splice(0)) answer(false);
      else if (line.waiting.length > 0) this.#watch(line);
    });
  }

  #leave(path: string, line: Line): void {
    const next = line.waiting.shift();
    if (next !== undefined) {
      next(true);
      return;
    }
    if (--line.running > 0) return;
    line.cancel?.();
    this.#lines.delete(path);
  }
}
