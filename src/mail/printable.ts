/** What strangers wrote, fit to be repeated in a reply, which is a line: a reply must never be split by what is put in. */

/** Texts longer than this are shortened (RFC 5321 §4.5.3.1.5). */
const LONGEST_ECHO = 200;

/** No control characters, and the middle left out when it is long. */
export function printable(text: string): string {
  const half = LONGEST_ECHO / 2;
  const short = text.length <= LONGEST_ECHO ? text : `${text.slice(0, half)}...${text.slice(-half)}`;
  return withoutControls(short, "?");
}

const controls = /[\x00-\x08\x0a-\x1f\x7f]/;
const allControls = new RegExp(controls.source, "g");

/** @param instead what stands in place of a control character */
export function withoutControls(line: string, instead: string): string {
  return controls.test(line) ? line.replace(allControls, instead) : line;
}

const eightBit = /[\x80-\xff]/;
const allEightBit = /[\x80-\xff]/g;

/** A line for somebody who has not said that he takes octets above 127: they become "?". */
export function inAscii(line: string): string {
  return eightBit.test(line) ? line.replace(allEightBit, "?") : line;
}
