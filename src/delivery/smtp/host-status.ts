/**
 * Hosts that are known to be down, so that a thousand messages for one do not each wait for the same timeout.
 *
 * A refused connection costs nothing to try again and is remembered only when the administrator asked for host status
 * (HostStatusDirectory); one that had to be waited for is always remembered. Mailers with F=W do not look here.
 */
import type { Clock } from "../../sys/clock.ts";
import type { MaybePromise } from "../../sys/maybe-promise.ts";
import type { Outcome } from "../outcome.ts";

/** A failure that took longer than this is worth remembering. */
const EXPENSIVE = 5_000;
/** Bounds memory: the oldest entries go first. */
const MOST = 10_000;

/** What is known about hosts; one that several servers share may answer late. */
export interface HostStatus {
  /** Why this host cannot be reached, as far as that is still worth believing. */
  known(host: string): MaybePromise<Outcome | undefined>;
  /** @param took how long finding out took, ms */
  isDown(host: string, outcome: Outcome, took: number): MaybePromise<void>;
  isUp(host: string): MaybePromise<void>;
}

/** That of one process. */
export class OwnHostStatus implements HostStatus {
  readonly #clock: Clock;
  readonly #lifetime: number;
  readonly #rememberAll: boolean;
  readonly #down = new Map<string, { readonly until: number; readonly outcome: Outcome }>();

  /**
   * @param lifetime Timeout.hoststatus in ms
   * @param rememberAll remember cheap failures too
   */
  constructor(clock: Clock, lifetime: number, rememberAll: boolean) {
    this.#clock = clock;
    this.#lifetime = lifetime;
    this.#rememberAll = rememberAll;
  }

  known(host: string): Outcome | undefined {
    const entry = this.#down.get(host);
    if (entry === undefined) return undefined;
    if (this.#clock.now() < entry.until) return entry.outcome;
    this.#down.delete(host);
    return undefined;
  }

  isDown(host: string, outcome: Outcome, took: number): void {
    if (this.#lifetime <= 0 || (took < EXPENSIVE && !this.#rememberAll)) return;
    this.#down.delete(host);
    this.#down.set(host, { until: this.#clock.now() + this.#lifetime, outcome });
    if (this.#down.size > MOST) {
      const [oldest] = this.#down.keys();
      this.#down.delete(oldest);
    }
  }

  isUp(host: string): void {
    if (this.#down.size > 0) this.#down.delete(host);
  }

  /** Forgets everything (purgestat). */
  clear(): void {
    this.#down.clear();
  }
}
