/**
 * Clients that only make trouble: those that give commands without moving mail are answered ever more slowly and in
 * the end hung up on; connections that come too fast wait for their second.
 */
import type { Options } from "../config/config.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";

/** Commands that move no mail share these counters: how many are answered at once. */
const allowances: ReadonlyMap<string, readonly [counter: string, allowed: number]> = new Map([
  ["HELO", ["hello", 3]],
  ["EHLO", ["hello", 3]],
  ["LHLO", ["hello", 3]],
  ["VRFY", ["verify", 6]],
  ["EXPN", ["verify", 6]],
  ["ETRN", ["etrn", 8]],
]);

/** Commands that no client needs, and transactions that come to nothing; so many are forgiven, with no pause. */
const BAD_COMMANDS = 25;
/** Longest pause before an answer, ms. */
const LONGEST_PAUSE = 240_000;

/** What to do with a client: answer now (0), answer after so many ms, or hang up. */
export type Patience = number | "hang up";

export class AbuseCounter {
  readonly #counts = new Map<string, number>();
  readonly #noops: number;
  #bad = 0;
  #authFailures = 0;
  /** Transactions since the last message. */
  #transactions = 0;

  constructor(options: Options) {
    this.#noops = Math.max(1, options.number("MaxNOOPCommands"));
  }

  /** Notes an unknown command, a line that is none, or what a client that was refused asks for. */
  countBad(): Patience {
    return ++this.#bad + this.#transactions > BAD_COMMANDS ? "hang up" : 0;
  }

  /** Notes a wrong password; how many there were in this session. */
  countAuthFailure(): number {
    return ++this.#authFailures;
  }

  /** A sender was accepted. */
  begun(): void {
    this.#transactions++;
  }

  /** A message was taken. */
  delivered(): void {
    this.#transactions = 0;
  }

  /** Notes a known command. The first ones are free, each later one doubles the pause, twice the number is the end. */
  count(word: string): Patience {
    if (word === "MAIL") {
      return this.#transactions > 0 && this.#bad + this.#transactions >= BAD_COMMANDS ? "hang up" : 0;
    }
    let counter = "noop";
    let allowed = this.#noops;
    if (word !== "NOOP" && word !== "VERB" && word !== "HELP") {
      const allowance = allowances.get(word);
      if (allowance === undefined) return 0;
      [counter, allowed] = allowance;
    }
    const seen = (this.#counts.get(counter) ?? 0) + 1;
    this.#counts.set(counter, seen);
    if (seen < allowed) return 0;
    if (seen >= allowed * 2) return "hang up";
    return Math.min(1000 * 2 ** (seen - allowed), LONGEST_PAUSE);
  }

  /** How often a command was given that shares the counter of this one. */
  seen(word: string): number {
    return this.#counts.get(allowances.get(word)?.[0] ?? "noop") ?? 0;
  }

  /** Everything begins anew (after STARTTLS). */
  reset(): void {
    this.#counts.clear();
    this.#bad = 0;
    this.#transactions = 0;
  }
}

/** ConnectionRateThrottle: so many connections a second are greeted; what comes above waits for its second. */
export class ConnectionRate {
  #second = 0;
  #count = 0;

  /**
   * Takes a place; returns how many ms from `now` its second begins.
   * @param perSecond as the configuration in force says, 0 for no limit
   */
  take(now: number, perSecond: number): number {
    if (perSecond <= 0) return 0;
    if (now >= this.#second + 1000) {
      this.#second = now;
      this.#count = 0;
    } else if (this.#count >= perSecond) {
      this.#second += 1000;
      this.#count = 0;
    }
    this.#count++;
    return Math.max(0, this.#second - now);
  }
}

/** Who may come in: one for each listener. */
export interface Admission {
  /** Ms that a client of now has to wait for its greeting. */
  wait(now: number): MaybePromise<number>;
  /** True when as many clients are being served as MaxDaemonChildren or the port's children= allow. */
  isFull(): MaybePromise<boolean>;
  /** True while the load of the machine is above RefuseLA; says so in the log once in RejectLogInterval. */
  isBusy(now: number): boolean;
}
