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
  readonly opened: Origin;
  constructor(message: string, opened: Origin) {
    super(message);
    this.opened = opened;
  }
}

const WORD_START = 1;
const WORD_PART = 2;
const charClass = new Uint8Array(256);
for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") charClass[char.charCodeAt(0)] = 3;
for (const char of "0123456789") charClass[char.charCodeAt(0)] = WORD_PART;

export class Scanner {
  readonly input = new Input();
  openQuote = "`";
  closeQuote = "'";
  openComment = "#";
  closeComment = "\n";
  /** Of the token that next() found. */
  text = "";
  builtin: Builtin | undefined;
  origin: Origin | undefined;

  changeQuote(open?: string, close?: string): void {
    this.openQuote = open ?? "`";
    this.closeQuote = open === undefined || !close ? "'" : close;
    if (open === "") this.closeQuote = close ?? "'";
  }

  changeComment(open?: string, close?: string): void {
    this.openComment = open ?? "";
    this.closeComment = !close ? "\n" : close;
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
    if (input.startsWith(this.openComment)) return this.#comment();
    const code = block.text.charCodeAt(block.position);
    if (charClass[code] & WORD_START) return this.#word(block);
    if (input.startsWith(this.openQuote)) return this.#quoted();
    return this.#other(block, code);
  }

  /** A name; it may go on in the block below when this one ends within it. */
  #word(block: Block): TokenKind {
    let text = "";
    let current: Block | undefined = block;
    while (current !== undefined && current.builtin === undefined) {
      const start: number = current.position;
      let end = start;
      while (end < current.text.length && charClass[current.text.charCodeAt(end)] & WORD_PART) end++;
      text += current.text.slice(start, end);
      current.position = end;
      if (end < current.text.length) break;
      current = this.input.current();
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
      } else text += this.#upTo(block, closeComment, "");
    }
    throw new UnterminatedText("end of file in comment", opened);
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
      } else text += this.#upTo(block, closeQuote, openQuote);
    }
    throw new UnterminatedText("end of file in quoted text", opened);
  }

  /** Takes at least one character of `block`, then all up to where one of the marks may begin. */
  #upTo(block: Block, first: string, second: string): string {
    const { text, position } = block;
    let end = text.length;
    const one = text.indexOf(first[0], position + 1);
    if (one >= 0) end = one;
    const two = second === "" ? -1 : text.indexOf(second[0], position + 1);
    if (two >= 0 && two < end) end = two;
    const taken = text.slice(position, end);
    block.position = end;
    this.input.advanceLines(block, taken);
    return taken;
  }

  /** Punctuation; blanks and other characters that mean nothing come as one run. */
  #other(block: Block, code: number): TokenKind {
    const { text } = block;
    const start = block.position;
    if (code === 0x28 || code === 0x2c || code === 0x29) {
      block.position++;
      this.text = text[start];
      return code === 0x28 ? "open" : code === 0x2c ? "comma" : "close";
    }
    const quote = this.openQuote === "" ? -1 : this.openQuote.charCodeAt(0);
    const comment = this.openComment === "" ? -1 : this.openComment.charCodeAt(0);
    let end = start + 1;
    if (code !== 0x0a) {
      for (; end < text.length; end++) {
        const each = text.charCodeAt(end);
        if (charClass[each] & WORD_START || each === quote || each === comment) break;
        if (each === 0x28 || each === 0x29 || each === 0x2c || each === 0x0a) break;
      }
    }
    block.position = end;
    this.text = end === start + 1 ? text[start] : text.slice(start, end);
    if (code === 0x0a) this.input.advanceLines(block, "\n");
    return "text";
  }
}
