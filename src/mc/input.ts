/**
 * The push-back buffer: a stack of texts still to be read. The bottom is a file; included files and the expansions of
 * macros lie on top of it and are read first. What reads from it (the scanner) may cross from one text into the next
 * in the middle of a word: that is how m4 glues names together.
 */
import type { Builtin, Symbol } from "./symbols.ts";
import { type Origin, outermost } from "./origin.ts";

/** One text being read. `builtin` marks the value of defn(`builtin'), which has no text of its own. */
export interface Block {
  readonly text: string;
  position: number;
  /** Files count lines; an expansion keeps the place of its call. */
  readonly isFile: boolean;
  readonly file: string;
  line: number;
  origin: Origin;
  readonly parent: Origin | undefined;
  readonly builtin?: Builtin;
}

/** Total length of pushed-back text: a macro that doubles its argument for ever is stopped here. */
const MAX_PENDING = 64 * 1024 * 1024;

/** A macro that calls itself at its end is a loop: nobody wants to read how often it went round, or keep it in memory. */
const DEEPEST_STORY = 400;

export class InputTooLarge extends Error {}

export class Input {
  #stack: Block[] = [];
  /** The topmost block that is not used up, or undefined at the end of the input. */
  top: Block | undefined;
  #pending = 0;
  /** Expansions are at the place of their call and have no story of their own: nobody will ask for it. */
  plain = false;
  /** Hears of files that are opened and used up, and where reading stood then. */
  onFile: ((what: string, at: Origin | undefined) => void) | undefined;

  pushFile(file: string, text: string, parent: Origin | undefined): void {
    this.onFile?.(`input read from ${file}`, parent);
    this.#push({ text, position: 0, isFile: true, file, line: 1, origin: { file, line: 1, parent }, parent });
  }

  /** The expansion of `symbol` (or of a builtin), to be read next. */
  pushText(text: string, name: string, argument: string | undefined, symbol: Symbol, at: Origin): void {
    if (text === "") return;
    if (this.plain) return this.pushWith(text, at);
    const { file, line } = at;
    const depth = (at.depth ?? 0) + 1;
    const parent = depth > DEEPEST_STORY ? outermost(at) : at;
    const shown = depth > DEEPEST_STORY ? 0 : depth;
    this.pushWith(text, { file, line, macro: name, argument, definedAt: symbol.definedAt, parent, depth: shown });
  }

  /** Text that keeps an origin it already has (m4wrap). */
  pushWith(text: string, origin: Origin): void {
    if (text === "") return;
    this.#push({ text, position: 0, isFile: false, file: origin.file, line: origin.line, origin, parent: undefined });
  }

  pushBuiltin(builtin: Builtin, origin: Origin): void {
    const { file, line } = origin;
    this.#push({ text: "\0", position: 0, isFile: false, file, line, origin, parent: undefined, builtin });
  }

  #push(block: Block): void {
    this.#pending += block.text.length;
    if (this.#pending > MAX_PENDING) throw new InputTooLarge("text to be read exceeds 64 MB");
    this.#stack.push(block);
    this.top = block;
  }

  /** The block to read from, dropping used-up ones; undefined at the end. */
  current(): Block | undefined {
    let top = this.top;
    while (top !== undefined && top.position >= top.text.length) {
      this.#stack.pop();
      this.#pending -= top.text.length;
      if (top.isFile) this.#leaveFile(top);
      top = this.#stack.at(-1);
      this.top = top;
    }
    return top;
  }

  #leaveFile({ origin }: Block): void {
    const below = this.#stack.findLast((block) => block.isFile);
    this.onFile?.(
      below === undefined ? "input exhausted" : `input reverted to ${below.file}, line ${below.line}`,
      origin,
    );
  }

  /** The next character without taking it; "" at the end and before a builtin's value. */
  peek(): string {
    const block = this.current();
    return block === undefined || block.builtin !== undefined ? "" : block.text[block.position];
  }

  /** Takes one character. Only after peek() or current() found one. */
  take(): string {
    const block = this.top!;
    const char = block.text[block.position++];
    if (char === "\n" && block.isFile) nextLine(block);
    return char;
  }

  /** Whether the text ahead, across blocks, begins with `mark`. */
  startsWith(mark: string): boolean {
    const block = this.current();
    if (mark === "" || block === undefined || block.builtin !== undefined) return false;
    if (block.position + mark.length <= block.text.length) return block.text.startsWith(mark, block.position);
    let matched = 0;
    for (let depth = this.#stack.length - 1; depth >= 0 && matched < mark.length; depth--) {
      const each = this.#stack[depth];
      if (each.builtin !== undefined) return false;
      const part = each.text.slice(each.position, each.position + mark.length - matched);
      if (!mark.startsWith(part, matched)) return false;
      matched += part.length;
    }
    return matched === mark.length;
  }

  skip(count: number): void {
    for (let left = count; left > 0; left--) {
      this.current();
      this.take();
    }
  }

  /** Takes everything up to and including the next newline (dnl). False when the input ends first. */
  skipLine(): boolean {
    for (let block = this.current(); block !== undefined; block = this.current()) {
      const end = block.text.indexOf("\n", block.position);
      if (end >= 0) {
        block.position = end + 1;
        if (block.isFile) nextLine(block);
        return true;
      }
      block.position = block.text.length;
    }
    return false;
  }

  /** Counts the lines of `text` that was just taken from `block` as a whole. */
  advanceLines(block: Block, text: string): void {
    if (!block.isFile) return;
    let lines = 0;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
    if (lines > 0) nextLine(block, lines);
  }
}

function nextLine(block: Block, count = 1): void {
  block.line += count;
  block.origin = { file: block.file, line: block.line, parent: block.parent };
}
