/** Clients that only make trouble: counts useless and unknown commands and says when it is enough (manual §6.2). */
import type { Options } from "../config/config.ts";

/** Commands that move no mail, and how many of each one session may give before it is ended. */
const budgets: ReadonlyMap<string, number> = new Map([
  ["bad", 25],
  ["VRFY", 100],
  ["EXPN", 100],
  ["ETRN", 100],
  ["HELO", 100],
  ["EHLO", 100],
  ["VERB", 100],
]);

export class AbuseCounter {
  readonly #counts = new Map<string, number>();
  readonly #noops: number;

  constructor(options: Options) {
    // MaxNOOPCommands is where sendmail begins to slow down; it hangs up at a multiple of it.
    this.#noops = Math.max(1, options.number("MaxNOOPCommands")) * 5;
  }

  /** Notes a command ("bad" for unknown ones); true when the session has to end. */
  count(word: string): boolean {
    const budget = word === "NOOP" || word === "HELP" ? this.#noops : budgets.get(word);
    if (budget === undefined) return false;
    const seen = (this.#counts.get(word) ?? 0) + 1;
    this.#counts.set(word, seen);
    return seen > budget;
  }
}
