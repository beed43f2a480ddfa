/**
 * So many at a time: hashes of passwords are computed in the thread pool, which the queue's files need as well, so clients
 * that guess must not fill it. Clients take turns, so that one that asks a thousand times at once waits for itself: another
 * one comes next.
 */

export class TooManyError extends Error {}

/** Of the four threads of the pool. */
const AT_ONCE = 2;
/** When so many wait, somebody is asked to come again: one of the client that has most of them waiting. */
const MOST_WAITING = 200;

interface Waiter {
  readonly come: () => void;
  readonly leave: (error: TooManyError) => void;
}

export class Turnstile {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  /** Client → who waits of it. The client whose turn it is comes first. */
  readonly #lines = new Map<string, Waiter[]>();
  #waiting = 0;
  #inside = 0;

  constructor(atOnce = AT_ONCE, mostWaiting = MOST_WAITING) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /**
   * Does the work when it is its turn. Throws TooManyError when too many wait.
   * @param client for whom
   */
  async pass<T>(client: string, work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#atOnce) await this.#wait(client);
    else this.#inside++;
    try {
      return await work();
    } finally {
      // The place goes to the next one; only when nobody waits it is free.
      const next = this.#next();
      if (next === undefined) this.#inside--;
      else next.come();
    }
  }

  #wait(client: string): Promise<void> {
    const line = this.#lines.get(client) ?? [];
    if (this.#waiting >= this.#mostWaiting) {
      const longest = [...this.#lines.values()].reduce((a, b) => (b.length > a.length ? b : a), line);
      const isFull = new TooManyError("too many logins at once");
      if (longest.length <= line.length + 1) return Promise.reject(isFull);
      this.#waiting--;
      longest.pop()?.leave(isFull);
    }
    this.#waiting++;
    this.#lines.set(client, line);
    return new Promise<void>((come, leave) => line.push({ come, leave }));
  }

  #next(): Waiter | undefined {
    for (const [client, line] of this.#lines) {
      this.#lines.delete(client);
      if (line.length > 1) this.#lines.set(client, line);
      this.#waiting--;
      return line.shift();
    }
    return undefined;
  }
}
