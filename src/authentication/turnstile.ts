/**
 * So many at a time: hashes of passwords are computed in the thread pool, which the queue's files need as well, so a client
 * that guesses must not fill it.
 */

export class TooManyError extends Error {}

/** Of the four threads of the pool. */
const AT_ONCE = 2;
/** Who comes when so many wait is asked to come again. */
const MOST_WAITING = 200;

export class Turnstile {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(atOnce = AT_ONCE, mostWaiting = MOST_WAITING) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /** Does the work when it is its turn. Throws TooManyError when too many wait. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#atOnce) {
      if (this.#waiting.length >= this.#mostWaiting) throw new TooManyError("too many logins at once");
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#inside++;
    try {
      return await work();
    } finally {
      // The place goes to the next one; only when nobody waits it is free.
      const next = this.#waiting.shift();
      if (next === undefined) this.#inside--;
      else next();
    }
  }
}
