/** Foreign text in log lines: what could forge a line or upset a terminal is written out; long texts are cut. */

const HARMLESS = /^[\x20-\x7e]*$/;
const HARMFUL = /[^\x20-\x7e]/g;
const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Control characters and octets above 126 as \n, \r, \t or \ooo; other characters than octets as \u{...}. */
export function harmless(text: string): string {
  return HARMLESS.test(text) ? text : text.replace(HARMFUL, write);
}

function write(char: string): string {
  const code = char.charCodeAt(0);
  return NAMED[char] ?? (code > 0xff ? `\\u{${code.toString(16)}}` : `\\${code.toString(8).padStart(3, "0")}`);
}

/** The longest value of one field of a log line. */
const LONGEST_FIELD = 203;

/** At most `most` characters: the beginning, "...", the end. */
export function shorten(text: string, most: number = LONGEST_FIELD): string {
  if (text.length <= most) return text;
  const half = Math.floor((most - 3) / 2);
  return `${text.slice(0, half)}...${text.slice(-half)}`;
}

/** At most about `most` characters of the beginning; the rest is counted. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}... (${text.length - most} more octets)`;
}

/** The longest text and the longest list of one field for machines. */
const LONGEST_VALUE = 1_000;
const LONGEST_LIST = 100;

/** The fields of a log line for machines, with long texts and lists cut and the rest counted. */
export function bounded(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, boundedValue(value)]));
}

function boundedValue(value: unknown): unknown {
  if (typeof value === "string") return cut(value, LONGEST_VALUE);
  if (!Array.isArray(value)) return value;
  const kept = value.slice(0, LONGEST_LIST).map(boundedValue);
  return value.length > LONGEST_LIST ? [...kept, `... (${value.length - LONGEST_LIST} more)`] : kept;
}
