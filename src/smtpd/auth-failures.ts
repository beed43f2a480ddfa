/**
 * Clients that name wrong passwords: each failure makes the next answer to the same client come later, whichever of its
 * connections asks. Time forgives. Nothing is kept of clients that succeed.
 *
 * Who does not wait for the answer (a yes would have come at once) gains little: after some failures the client's attempts, of all
 * its connections together, begin one in a second.
 */
import { clientKey } from "../sys/client-key.ts";

/** The first answer waits so long, ms; each further one twice as long. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 32_000;
/** One failure is forgiven in so many ms. */
const FORGIVEN = 60_000;
/** More failures are not counted, so that a client that has stopped is forgiven within minutes. */
const MOST_COUNTED = 12;
/** From so many failures on attempts have to keep a distance of so many ms. */
const SUSPECT = 5;
const DISTANCE = 1000;
/** An attempt that would have to wait longer, ms, is to come again. */
const LONGEST_QUEUE = 10_000;
/** Clients that are remembered; when there are more, those whose failures are forgiven and then the oldest are dropped. */
const REMEMBERED = 10_000;

interface Failures {
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Before that no attempt begins, ms since the epoch. */
  next: number;
}

export class AuthFailures {
  readonly #byClient = new Map<string, Failures>();

  /**
   * Before an attempt is looked at.
   * @param now milliseconds since the epoch
   * @returns how many ms it shall wait; undefined: too many of this client wait already
   */
  ahead(address: string, now: number): number | undefined {
    const failures = this.#byClient.get(clientKey(address));
    if (failures === undefined || this.#left(failures, now) < SUSPECT) return 0;
    const begins = Math.max(now, failures.next);
    if (begins - now > LONGEST_QUEUE) return undefined;
    failures.next = begins + DISTANCE;
    return begins - now;
  }

  /**
   * Notes a failure.
   * @param now milliseconds since the epoch
   * @returns how many ms the answer shall wait
   */
  note(address: string, now: number): number {
    const key = clientKey(address);
    const before = this.#byClient.get(key);
    const count = Math.min(this.#left(before, now) + 1, MOST_COUNTED);
    // The one that failed last stands at the end of the map.
    this.#byClient.delete(key);
    if (this.#byClient.size >= REMEMBERED) this.#forget(now);
    this.#byClient.set(key, { count, at: now, next: before?.next ?? now });
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
