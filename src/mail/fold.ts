/**
 * Folds header fields that are too long for the next hop (RFC 5322 §2.2.3): line ends come before white space that is
 * there, in address lists also between tokens. What a field means never changes; where no fold is possible a line stays
 * as long as it is, because a longer line can be read and a cut one cannot.
 */
import { holdsAddresses } from "./address-fields.ts";
import { addressBorders, addressSpans } from "./address-list.ts";

import type { HeaderField } from "./header.ts";

/** The longest line of a message (RFC 5322 §2.1.1), without its end. */
const LONGEST_HEADER_LINE = 998;
/** Lines of address lists that are folded anew get no longer than this, if it can be. */
const GOOD_LENGTH = 78;

/** True when a line of the field has more than `limit` octets. @param nameLength octets of the name and its colon */
export function hasLongLine(value: string, nameLength: number, limit: number): boolean {
  if (nameLength + value.length <= limit) return false;
  let start = -nameLength;
  for (;;) {
    const end = value.indexOf("\r\n", Math.max(start, 0));
    if ((end < 0 ? value.length : end) - start > limit) return true;
    if (end < 0) return false;
    start = end + 2;
  }
}

/** A field of any kind: lines of at most `limit` octets, where white space allows it. */
export function foldText(value: string, nameLength: number, limit: number): string {
  return hasLongLine(value, nameLength, limit) ? breakLines(value, nameLength, limit, blanksOf(value)) : value;
}

/**
 * A list of addresses: one that has a line of more than `most` octets is folded between its addresses, at 78 where that
 * is possible; inside an address only where a line would be longer than `most` otherwise.
 */
export function foldAddresses(value: string, nameLength: number, most: number): string {
  if (!hasLongLine(value, nameLength, most)) return value;
  const folded = foldBetween(value, nameLength, Math.min(most, GOOD_LENGTH));
  if (!hasLongLine(folded, nameLength, most)) return folded;
  return breakLines(folded, nameLength, most, placesOf(folded));
}

/** A field of any kind, for a hop that takes lines of `limit` octets. */
export function foldField({ name, value }: HeaderField, limit: number): string {
  const before = name.length + 1;
  if (!holdsAddresses(name)) return foldText(value, before, limit);
  return foldAddresses(value, before, Math.min(limit, LONGEST_HEADER_LINE));
}

/** Folds after the commas between addresses (and the names of groups); folding that is there stays. */
function foldBetween(value: string, nameLength: number, width: number): string {
  const parts: string[] = [];
  let copied = 0;
  let column = nameLength;
  const spans = addressSpans(value);
  for (const [index, { start, end }] of spans.entries()) {
    const gap = value.slice(copied, start);
    const address = value.slice(start, end);
    const firstLine = address.indexOf("\r\n");
    // A comma behind it is part of its line.
    const comma = value.slice(end, spans[index + 1]?.start).trimEnd().length;
    const needed = firstLine < 0 ? address.length + comma : firstLine;
    const separator = gap.trimEnd();
    if (!gap.includes("\n") && column + gap.length + needed > width && /[,;:]$/.test(separator)) {
      parts.push(separator, "\r\n\t", address);
      column = 1 + lengthOfLast(address);
    } else {
      parts.push(gap, address);
      column = gap.includes("\n") ? lengthOfLast(gap) : column + gap.length;
      column = firstLine < 0 ? column + address.length : lengthOfLast(address);
    }
    copied = end;
  }
  return parts.join("") + value.slice(copied);
}

function lengthOfLast(text: string): number {
  return text.length - text.lastIndexOf("\n") - 1;
}

// ---- places for line ends ----------------------------------------------------------------------------------------

const NO_PLACE = 0;
/** White space inside quotes or a comment. */
const INNER_BLANK = 1;
const BLANK = 2;
/** A border between tokens where white space has to be added. */
const BORDER = 3;

const CR = 13;
const TAB = 9;
const SPACE = 32;
const BACKSLASH = 92;
const QUOTE = 34;
const PAREN_OPEN = 40;
const PAREN_CLOSE = 41;

/** The first blank of each run between two words. A blank after a backslash is part of a word. */
function blanksOf(value: string): Uint8Array {
  const places = new Uint8Array(value.length);
  let before = SPACE;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (isBlank(code) && !isEnd(before) && before !== BACKSLASH) places[at] = BLANK;
    before = code;
  }
  // A run at the end of a line has nothing to begin a line with.
  let inner = false;
  for (let at = value.length - 1; at >= 0; at--) {
    const code = value.charCodeAt(at);
    if (!isBlank(code)) inner = !isEnd(code);
    else if (!inner) places[at] = NO_PLACE;
  }
  return places;
}

/** Blanks and, in lists of addresses, borders between tokens; tells those in quotes and comments apart. */
function placesOf(value: string): Uint8Array {
  const places = blanksOf(value);
  let quoted = false;
  let comment = 0;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code === BACKSLASH) {
      at++;
      if (at < value.length) places[at] = NO_PLACE;
    } else if (code === QUOTE && comment === 0) quoted = !quoted;
    else if (code === PAREN_OPEN && !quoted) comment++;
    else if (code === PAREN_CLOSE && comment > 0) comment--;
    else if (places[at] === BLANK && (quoted || comment > 0)) places[at] = INNER_BLANK;
  }
  addressBorders(value, (at) => {
    const between = at > 0 && at < value.length && isWord(value.charCodeAt(at - 1)) && isWord(value.charCodeAt(at));
    if (between) places[at] = BORDER;
  });
  return places;
}

function isWord(code: number): boolean {
  return !isBlank(code) && !isEnd(code);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function isEnd(code: number): boolean {
  return code === CR || code === 10 || isBlank(code);
}

/** Breaks lines at the last good place before the limit, else at the first one behind it. */
function breakLines(value: string, nameLength: number, limit: number, places: Uint8Array): string {
  const parts: string[] = [];
  let start = 0;
  /** Octets of the line before `start`. */
  let head = nameLength;
  let good = -1;
  let poor = -1;
  for (let at = 0; at < value.length; at++) {
    if (value.charCodeAt(at) === CR && value.charCodeAt(at + 1) === 10) {
      parts.push(value.slice(start, at + 2));
      start = at + 2;
      head = 0;
      good = poor = -1;
      at++;
      continue;
    }
    const place = places[at];
    if (place === INNER_BLANK) poor = at;
    else if (place !== NO_PLACE) good = at;
    while (head + at + 1 - start > limit && (good > start || poor > start)) {
      const found = good > start ? good : poor;
      const added = places[found] === BORDER;
      parts.push(value.slice(start, found), added ? "\r\n\t" : "\r\n");
      start = found;
      head = added ? 1 : 0;
    }
  }
  parts.push(value.slice(start));
  return parts.join("");
}
