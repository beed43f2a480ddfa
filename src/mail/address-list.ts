/**
 * Where the addresses of a header field stand (RFC 5322 §3.4 and its older forms), found in one pass whatever the field
 * holds. Nothing is decoded or changed here.
 *
 *     friends: Joe <joe@a.test>, "Doe, J." <doe@b.test>;   →   two spans
 */

import { withoutComments } from "./comments.ts";
import { endOfEncodedWord } from "./phrase.ts";

/** A stretch of a field value that holds one address with its phrase and comments. */
export interface AddressSpan {
  readonly start: number;
  readonly end: number;
}

export interface AddressList {
  readonly spans: readonly AddressSpan[];
  /** The addresses were separated by blanks alone (O OldStyleHeaders): commas have to come between them. */
  readonly blankSeparated: boolean;
}

/**
 * Finds the addresses of a list: separated by commas outside quotes, comments, encoded words, angle brackets and source
 * routes; the name of a group and its final `;` are not part of any. Semicolons separate addresses outside of groups,
 * too, as people type them.
 * @param oldStyle O OldStyleHeaders: in a field without `,;<(` blanks separate addresses
 */
export function readAddressList(value: string, oldStyle = false): AddressList {
  if (oldStyle && !/[,;<(:]/.test(value)) {
    const spans = blankSeparated(value);
    if (spans.length > 1) return { spans, blankSeparated: true };
  }
  return { spans: new ListReader(value).run(), blankSeparated: false };
}

/** The addresses of a list, without old style. */
export function addressSpans(value: string): readonly AddressSpan[] {
  return readAddressList(value).spans;
}

/** Called where white space may be added without a change of meaning: before the character at `index`. */
export type OnBorder = (index: number) => void;

/** Tells of every border between the tokens of an address list that is not inside a word, quotes or a comment. */
export function addressBorders(value: string, onBorder: OnBorder): void {
  new ListReader(value, onBorder).run();
}

const CODE = { at: 64, colon: 58, comma: 44, semicolon: 59, less: 60, greater: 62, open: 40, close: 41 } as const;
const QUOTE = 34;
const BACKSLASH = 92;
const BRACKET_OPEN = 91;
const BRACKET_CLOSE = 93;
const EQUALS = 61;
/** `@`, `%` and `!`: a name that has them is no name of a group. */
const ROUTING = new Set([64, 37, 33]);
/** What ends the hope that domains come until the colon. */
const NO_DOMAIN = new Set<number>([QUOTE, BACKSLASH, CODE.semicolon, CODE.less, CODE.greater]);

class ListReader {
  readonly #value: string;
  readonly #onBorder: OnBorder | undefined;
  readonly #spans: AddressSpan[] = [];
  #start = 0;
  /** The last character was an `@`, blanks after it apart: a domain in brackets may follow. */
  #afterAt = false;
  /** After the `:` of a group, until its `;`. */
  #group = false;
  /** What this stretch has had so far, outside quotes and comments. */
  #routing = false;
  #angled = false;
  #nonBlank = false;
  /** It begins with a source route, which ends here. */
  #routeEnd = 0;
  /** No source route begins before this. */
  #noRouteBefore = 0;
  /** Spans from here on ended in a `;` outside of groups and had no address: perhaps they were part of a phrase. */
  #doubtful: number | undefined;

  constructor(value: string, onBorder?: OnBorder) {
    this.#value = value;
    this.#onBorder = onBorder;
  }

  run(): AddressSpan[] {
    const value = this.#value;
    const { length } = value;
    let comment = 0;
    let quoted = false;
    let angle = false;
    let literal = false;
    for (let at = 0; at < length; at++) {
      const code = value.charCodeAt(at);
      if (code === BACKSLASH) {
        at++;
        this.#nonBlank = true;
      } else if (quoted) quoted = code !== QUOTE;
      else if (code === CODE.open) {
        if (comment++ === 0) this.#onBorder?.(at);
      } else if (comment > 0) {
        if (code === CODE.close && --comment === 0) this.#onBorder?.(at + 1);
      } else if (code === QUOTE) {
        quoted = true;
        this.#nonBlank = true;
      } else if (literal) literal = code !== BRACKET_CLOSE;
      else if (code === BRACKET_OPEN && this.#afterAt) literal = true;
      else if (code === CODE.less) {
        if (!angle) this.#onBorder?.(at);
        angle = true;
        this.#angle();
      } else if (code === CODE.greater) {
        if (angle) this.#onBorder?.(at + 1);
        angle = false;
      } else if (angle) {
        if (code === CODE.comma) this.#onBorder?.(at + 1);
        if (!isSpace(code)) this.#afterAt = code === CODE.at;
      } else if (code === EQUALS) at = this.#encodedWord(at);
      else this.#separator(code, at);
    }
    this.#close(length);
    return this.#spans;
  }

  /** A character outside quotes, comments and brackets. */
  #separator(code: number, at: number): void {
    if (code === CODE.colon && !this.#group && this.#isGroupName(at)) {
      this.#group = true;
      this.#doubtful = undefined;
      this.#begin(at + 1);
    } else if (code === CODE.comma && at >= this.#routeEnd) {
      this.#close(at);
      this.#doubtful = undefined;
      this.#begin(at + 1);
    } else if (code === CODE.semicolon) {
      this.#semicolon(at);
    } else {
      if (ROUTING.has(code)) this.#routing = true;
      if (!isSpace(code)) {
        this.#afterAt = code === CODE.at;
        if (this.#afterAt && !this.#nonBlank) this.#lookForRoute(at);
        this.#nonBlank = true;
      }
    }
  }

  #semicolon(at: number): void {
    const doubtful = !this.#group && !this.#routing && !this.#angled;
    const before = this.#spans.length;
    this.#close(at);
    if (!doubtful) this.#doubtful = undefined;
    else if (this.#spans.length > before) this.#doubtful ??= before;
    this.#group = false;
    this.#begin(at + 1);
  }

  /** `Doe; Joe <joe@a.test>`: with an address in brackets, what looked like a name was part of the phrase. */
  #angle(): void {
    this.#angled = true;
    this.#nonBlank = true;
    if (this.#doubtful === undefined) return;
    this.#start = this.#spans[this.#doubtful].start;
    this.#spans.length = this.#doubtful;
    this.#doubtful = undefined;
  }

  /** @returns the index of its last character, or `at` when it is none */
  #encodedWord(at: number): number {
    this.#nonBlank = true;
    return (endOfEncodedWord(this.#value, at) ?? at + 1) - 1;
  }

  #begin(start: number): void {
    this.#onBorder?.(start);
    this.#start = start;
    this.#routing = false;
    this.#angled = false;
    this.#nonBlank = false;
  }

  /** What fails to be a route fails where it does wherever it begins: no character is looked at twice. */
  #lookForRoute(at: number): void {
    if (at < this.#noRouteBefore) return;
    const { isRoute, end } = readRoute(this.#value, at);
    if (isRoute) this.#routeEnd = end;
    else this.#noRouteBefore = end;
  }

  #close(end: number): void {
    const span = trimmed(this.#value, this.#start, end);
    if (span.end > span.start) this.#spans.push(span);
  }

  /** `friends:` begins a group; `node::user`, `@a:b@c` and `b@c:d` do not. */
  #isGroupName(colon: number): boolean {
    const value = this.#value;
    if (value.charCodeAt(colon + 1) === CODE.colon || value.charCodeAt(colon - 1) === CODE.colon) return false;
    return this.#nonBlank && !this.#routing && !this.#angled;
  }
}

/**
 * The source route of an address without brackets, `@a.test,@b.test:` (RFC 5322 §4.4, obs-route), of which the first `@`
 * is given. An address that only lacks its local part is none: behind its comma the next one begins.
 * @returns where its colon is, or the character that speaks against it
 */
function readRoute(value: string, start: number): { readonly isRoute: boolean; readonly end: number } {
  let before: number = CODE.comma;
  let comment = 0;
  for (let at = start; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (comment > 0 || code === CODE.open) {
      if (code === BACKSLASH) at++;
      else if (code === CODE.open) comment++;
      else if (code === CODE.close) comment--;
      continue;
    }
    if (isSpace(code)) continue;
    if (code === CODE.colon) return { isRoute: true, end: at };
    if (before === CODE.comma && code !== CODE.at && code !== CODE.comma) return { isRoute: false, end: at };
    if (NO_DOMAIN.has(code)) return { isRoute: false, end: at };
    if (code === BRACKET_OPEN && before === CODE.at) {
      const close = value.indexOf("]", at);
      at = close < 0 ? value.length : close;
    }
    before = code;
  }
  return { isRoute: false, end: value.length };
}

/** Words, where `a @ b . test` is one. */
function blankSeparated(value: string): AddressSpan[] {
  const spans: { start: number; end: number }[] = [];
  for (const { index, 0: word } of value.matchAll(/(?:"(?:[^"\\]|\\[^])*"?|\\[^]|[^\s"\\]|\\$)+/g)) {
    const last = spans.at(-1);
    const joined = last !== undefined && (/^[@.%!]/.test(word) || /[@.%!]$/.test(value.slice(last.end - 1, last.end)));
    if (joined) last.end = index + word.length;
    else spans.push({ start: index, end: index + word.length });
  }
  return spans;
}

/**
 * True for words beside each other that are no phrase: `a@b.test c@d.test`, `Joe joe@a.test`. Rulesets would make one
 * address of them.
 */
export function isSeveral(address: string): boolean {
  if (!/[ \t]/.test(address)) return false;
  let comment = 0;
  let quoted = false;
  let apart = false;
  let several = false;
  let hasAt = false;
  let before = "";
  for (let at = 0; at < address.length; at++) {
    const char = address[at];
    if (comment > 0 || (char === "(" && !quoted)) {
      if (char === "\\") at++;
      else if (char === "(") comment++;
      else if (char === ")") comment--;
    } else if (!quoted && (char === " " || char === "\t")) apart = before !== "";
    else if (!quoted && char === "<") return false;
    else {
      if (apart && !JOINING.includes(char) && !JOINING.includes(before)) several = true;
      apart = false;
      if (char === "\\") at++;
      else if (char === '"') quoted = !quoted;
      else if (char === "@" && !quoted) hasAt = true;
      before = char;
    }
  }
  return several && hasAt;
}

/** `Joe <joe@a.test> (c)` → `<joe@a.test>`; without brackets, what is left without comments. */
export function bareMailbox(address: string): string {
  let comment = 0;
  let quoted = false;
  let start = -1;
  let end = -1;
  for (let at = 0; at < address.length; at++) {
    const char = address[at];
    if (char === "\\") at++;
    else if (comment > 0 || (char === "(" && !quoted)) {
      if (char === "(") comment++;
      else if (char === ")") comment--;
    } else if (char === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (char === "<") {
      start = at;
      end = -1;
    } else if (char === ">" && end < 0) end = at + 1;
  }
  return start >= 0 && end > start ? address.slice(start, end) : withoutComments(address);
}

/** Blanks beside these are inside of one address. */
const JOINING = "@.%!:,;";

function trimmed(value: string, start: number, end: number): AddressSpan {
  let from = start;
  let to = end;
  while (from < to && isSpace(value.charCodeAt(from))) from++;
  while (to > from && isSpace(value.charCodeAt(to - 1))) to--;
  return { start: from, end: to };
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 10;
}
