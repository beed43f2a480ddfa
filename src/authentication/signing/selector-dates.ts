/**
 * The file `selectors` of a domain in a key folder: from when each selector signs, and until when its record has to stay in DNS.
 * `rulemail dkim` writes it; without a line a selector signs from the beginning.
 *
 *     # selector   signs from             record until
 *     202611r      2026-11-01T00:00:00Z   2026-12-12T00:00:00Z
 *     202612r      2026-12-03T00:00:00Z   -
 */
import { selectorName } from "./names.ts";
import { KeyProblem } from "./key-files.ts";

export const DATES_FILE = "selectors";

/** Milliseconds since the epoch. */
export interface SelectorDates {
  readonly from: number;
  /** Infinity: nothing has taken its place yet. */
  readonly until: number;
}

export const ALWAYS: SelectorDates = { from: -Infinity, until: Infinity };

/** @param file for messages. Throws KeyProblem with file, line and column. */
export function parseSelectorDates(text: string, file: string): ReadonlyMap<string, SelectorDates> {
  const found = new Map<string, SelectorDates>();
  text.split("\n").forEach((line, index) => {
    const words = [...line.replace(/#.*/, "").matchAll(/\S+/g)];
    if (words.length === 0) return;
    const wrong = (at: number, what: string): KeyProblem =>
      new KeyProblem(`${file}:${index + 1}:${at + 1}: ${what}; a line is: SELECTOR  FROM|-  UNTIL|-`);
    const [name, from, until, more] = words;
    const selector = selectorName(name[0]);
    if (selector === undefined) throw wrong(name.index, `"${name[0]}" is no selector`);
    if (more !== undefined) throw wrong(more.index, `"${more[0]}" is one word too many`);
    const time = (word: RegExpMatchArray | undefined, none: number): number => {
      if (word === undefined || word[0] === "-") return none;
      const at = parseDate(word[0]);
      if (at === undefined) throw wrong(word.index ?? 0, `"${word[0]}" is no date as 2026-12-01T00:00:00Z`);
      return at;
    };
    found.set(selector, { from: time(from, ALWAYS.from), until: time(until, ALWAYS.until) });
  });
  return found;
}

export function formatSelectorDates(dates: ReadonlyMap<string, SelectorDates>): string {
  const rows = [...dates].map(([selector, { from, until }]) => [selector, formatDate(from), formatDate(until)]);
  const all = [["# selector", "signs from", "record until"], ...rows];
  const widths = [0, 1].map((column) => Math.max(...all.map((row) => row[column].length)) + 2);
  return all.map(([name, from, until]) => `${name.padEnd(widths[0])}${from.padEnd(widths[1])}${until}\n`).join("");
}

/** A day, or a moment in UTC: 2026-12-01, 2026-12-01T12:00Z, 2026-12-01T12:00:00Z. */
export function parseDate(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?Z)?$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

export function formatDate(at: number): string {
  return Number.isFinite(at) ? new Date(at).toISOString().replace(/\.\d+Z$/, "Z") : "-";
}
