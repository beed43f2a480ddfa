/** Foreign text in log lines: what could forge a line or upset a terminal is written out; long texts lose their middle. */

// eslint-disable-next-line no-control-regex
const HARMLESS = /^[\x20-\x7e]*$/;
// eslint-disable-next-line no-control-regex
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
export const LONGEST_FIELD = 203;

/** At most `most` characters: the beginning, "...", the end. */
export function shorten(text: string, most: number = LONGEST_FIELD): string {
  if (text.length <= most) return text;
  const half = Math.floor((most - 3) / 2);
  return `${text.slice(0, half)}...${text.slice(-half)}`;
}
