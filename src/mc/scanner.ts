/**
 * Cuts the push-back buffer into tokens. Written by hand because quote and comment marks change while it reads
 * (changequote, changecom). Comments are tried first, then words, then quotes: the order GNU m4 documents.
 */
import { type Block, Input } from "./input.ts";
import type { Origin } from "./origin.ts";
import type { Builtin } from "./symbols.ts";

/** `text`: punctuation, blanks, a comment, or what stood between quotes: copied, never expanded. */
export type TokenKind = "eof" | "word" | "text" | "quoted" | "open" | "comma" | "close" | "builtin";

export class UnterminatedText extends Error {
  readonly what: "string" | "comment";
  readonly opened: Origin;
  constructor(what: "string" | "comment", opened: Origin) {
    super(`end of file in ${what}`);
    this.what = what;
    this.opened = opened;
  }
}

const WORD = /[A-Za-z_0-9]*/y;
const LETTER = new Uint8Array(256);
for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") LETTER[char.charCodeAt(0)] = 1;
const OPEN = 0x28;
const CLOSE = 0x29;
const COMMA = 0x2c;
const NEWLINE = 0x0a;

export class Scanner {
  readonly input = new Input();
  openQuote = "`";
  closeQuote = "'";
  openComment = "#";
  closeComment = "\n";
  /** First characters of the marks, and what must be looked at one by one. */
  #quoteMarks = firstOf("`", "'");
  #commentMark = firstOf("\n");
  #special = specialOf("`", "#");
  /** Of the token that next() found. */
  text = "";
  builtin: Builtin | undefined;
  origin: Origin | undefined;

  changeQuote(open?: string, close?: string): void {
    this.openQuote = open ?? "`";
    this.closeQuote = open === undefined || !close ? "'" : close;
    this.#quoteMarks = firstOf(this.openQuote, this.closeQuote);
    this.#special = specialOf(this.openQuote, this.openComment);
  }

  changeComment(open?: string, close?: string): void {
    this.openComment = open ?? "";
    this.closeComment = !close ? "\n" : close;
    this.#commentMark = firstOf(this.closeComment);
    this.#special = specialOf(this.openQuote, this.openComment);
  }

  /** Whether the next token is an opening parenthesis, and not a quote or comment that begins like one. */
  seesOpen(): boolean {
    const { input } = this;
    if (input.peek() !== "(") return false;
    return !input.startsWith(this.openComment) && !input.startsWith(this.openQuote);
  }

  next(): TokenKind {
    const { input } = this;
    const block = input.current();
    if (block === undefined) return "eof";
    this.origin = block.origin;
    if (block.builtin !== undefined) {
      block.position++;
      this.builtin = block.builtin;
      return "builtin";
    }
    const code = block.text.charCodeAt(block.position);
    if (this.#special.has(code)) {
      if (input.startsWith(this.openComment)) return this.#comment();
      if (LETTER[code] === 0 && input.startsWith(this.openQuote)) return this.#quoted();
    }
    return LETTER[code] === 1 ? this.#word(block) : this.#other(block, code);
  }

  /** A name; it may go on in the block below when this one ends within it. */
  #word(block: Block): TokenKind {
    let end = endOfWord(block);
    let text = block.text.slice(block.position, end);
    block.position = end;
    if (end === block.text.length) {
      for (let next = this.input.current(); next !== undefined; next = this.input.current()) {
        if (next.builtin !== undefined) break;
        end = endOfWord(next);
        text += next.text.slice(next.position, end);
        next.position = end;
        if (end < next.text.length) break;
      }
    }
    this.text = text;
    return "word";
  }

  #comment(): TokenKind {
    const { input, openComment, closeComment } = this;
    const opened = this.origin!;
    input.skip(openComment.length);
    let text = openComment;
    for (let block = input.current(); block !== undefined; block = input.current()) {
      if (block.builtin !== undefined) block.position++;
      else if (input.startsWith(closeComment)) {
        input.skip(closeComment.length);
        this.text = text + closeComment;
        return "text";
      } else text += this.#upTo(block, this.#commentMark);
    }
    throw new UnterminatedText("comment", opened);
  }

  #quoted(): TokenKind {
    const { input, openQuote, closeQuote } = this;
    const opened = this.origin!;
    input.skip(openQuote.length);
    let depth = 1;
    let text = "";
    for (let block = input.current(); block !== undefined; block = input.current()) {
      if (block.builtin !== undefined) block.position++;
      else if (input.startsWith(closeQuote)) {
        input.skip(closeQuote.length);
        if (--depth === 0) {
          this.text = text;
          return "quoted";
        }
        text += closeQuote;
      } else if (input.startsWith(openQuote)) {
        input.skip(openQuote.length);
        depth++;
        text += openQuote;
      } else text += this.#upTo(block, this.#quoteMarks);
    }
    throw new UnterminatedText("string", opened);
  }

  /** Takes at least one character of `block`, then all up to where one of the marks may begin. */
  #upTo(block: Block, marks: RegExp): string {
    const { text, position } = block;
    marks.lastIndex = position + 1;
    const end = marks.test(text) ? marks.lastIndex - 1 : text.length;
    const taken = text.slice(position, end);
    block.position = end;
    if (block.isFile) this.input.advanceLines(block, taken);
    return taken;
  }

  /** Punctuation; blanks and other characters that mean nothing come as one run. */
  #other(block: Block, code: number): TokenKind {
    const { text } = block;
    const start = block.position;
    if (code === OPEN || code === COMMA || code === CLOSE) {
      block.position++;
      this.text = text[start];
      return code === OPEN ? "open" : code === COMMA ? "comma" : "close";
    }
    let end = start + 1;
    if (code !== NEWLINE) {
      for (; end < text.length; end++) {
        const each = text.charCodeAt(end);
        if (LETTER[each] === 1 || each === OPEN || each === CLOSE || each === COMMA || each === NEWLINE) break;
        if (this.#special.has(each)) break;
      }
    }
    block.position = end;
    this.text = end === start + 1 ? text[start] : text.slice(start, end);
    if (code === NEWLINE && block.isFile) this.input.advanceLines(block, "\n");
    return "text";
  }
}

function endOfWord({ text, position }: Block): number {
  WORD.lastIndex = position;
  WORD.test(text);
  return WORD.lastIndex;
}

/** Finds the first character of any of the marks. */
function firstOf(...marks: readonly string[]): RegExp {
  const each = marks
    .filter((mark) => mark !== "")
    .map((mark) => `\\x${mark.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return new RegExp(`[${each.join("")}]`, "g");
}

function specialOf(...marks: readonly string[]): ReadonlySet<number> {
  return new Set(marks.filter((mark) => mark !== "").map((mark) => mark.charCodeAt(0)));
}
