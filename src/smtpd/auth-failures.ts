/**
 * Clients that name wrong passwords: each failure makes the next answer to the same client come later, whichever of its
 * connections asks. Time forgives. Nothing is kept of clients that succeed.
 */
import { clientKey } from "../sys/client-key.ts";

/** The first answer waits so long, ms; each further one twice as long. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 32_000;
/** One failure is forgiven in so many ms. */
const FORGIVEN = 60_000;
/** Clients that are remembered; when there are more, those whose failures are forgiven and then the oldest are dropped. */
const REMEMBERED = 10_000;

interface Failures {
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export class AuthFailures {
  readonly #byClient = new Map<string, Failures>();

  /**
   * Notes a failure.
   * @param now milliseconds since the epoch
   * @returns how many ms the answer shall wait
   */
  note(address: string, now: number): number {
    const key = clientKey(address);
    const count = this.#left(this.#byClient.get(key), now) + 1;
    // The one that failed last stands at the end of the map.
    this.#byClient.delete(key);
    if (this.#byClient.size >= REMEMBERED) this.#forget(now);
    this.#byClient.set(key, { count, at: now });
    return Math.min(FIRST_PAUSE * 2 ** (count - 1), LONGEST_PAUSE);
  }

  /** Clients that are remembered. */
  get size(): number {
    return this.#byClient.size;
  }

  #left(failures: Failures | undefined, now: number): number {
    if (failures === undefined) return 0;
    return Math.max(0, failures.count - Math.floor(Math.max(0, now - failures.at) / FORGIVEN));
  }

  #forget(now: number): void {
    for (const [key, failures] of this.#byClient) {
      if (this.#left(failures, now) === 0) this.#byClient.delete(key);
    }
    let spare = this.#byClient.size - REMEMBERED + REMEMBERED / 10;
    for (const key of this.#byClient.keys()) {
      if (spare-- <= 0) return;
      this.#byClient.delete(key);
    }
  }
}
