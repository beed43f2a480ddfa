/**
 * Log lines about mail filters, in sendmail's words and at the levels at which it writes them. Milter.LogLevel, where it is set,
 * counts in place of LogLevel.
 */
import type { Log, Priority } from "../log/log.ts";
import { harmless, shorten } from "../log/safe-text.ts";

/** At which levels lines appear. */
const FILTER_LEVELS = {
  failure: 1,
  refusal: 4,
  change: 9,
  session: 10,
  /** What one filter said, where that is no yes. */
  answer: 11,
  /** Every answer. */
  answers: 13,
  sender: 15,
  traffic: 18,
  quit: 19,
} as const;

export type FilterLevel = keyof typeof FILTER_LEVELS;

export class FilterLog {
  readonly #log: Log;
  readonly #level: number | undefined;

  /** @param level Milter.LogLevel */
  constructor(log: Log, level: number | undefined) {
    this.#log = log;
    this.#level = level;
  }

  enabled(what: FilterLevel): boolean {
    const level = FILTER_LEVELS[what];
    return this.#level === undefined ? this.#log.enabled(level) : level <= this.#level;
  }

  /** @param text with what strangers said put through `quoted` */
  write(what: FilterLevel, id: string | undefined, text: string, priority: Priority = "info"): void {
    if (!this.enabled(what)) return;
    const line = id === undefined ? { priority, text } : { priority, id, text };
    this.#log.write(this.#level === undefined ? FILTER_LEVELS[what] : 0, line);
  }
}

/** Text of a client, a message or a filter. */
export function quoted(text: string): string {
  return harmless(shorten(text));
}
