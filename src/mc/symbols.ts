/** The names the macro processor knows, each with a stack of definitions (pushdef, popdef). */
import type { Origin } from "./origin.ts";

/** What a definition says of a builtin; what it does is looked up by its name when it is called. */
export interface Builtin {
  readonly name: string;
  /** Recognised only with an opening parenthesis behind it. */
  readonly blind: boolean;
  /** Fewest and most arguments without a warning. */
  readonly min: number;
  readonly max: number;
  /** With fewer arguments than `min`: nothing (when not given), this text, or it runs all the same. */
  readonly whenTooFew?: "run" | ((args: readonly string[]) => string | undefined);
  /** Only GNU m4 has it. */
  readonly gnu: boolean;
}

/** A definition: own text with `$1` in it, or a builtin. */
export interface Symbol {
  readonly text: string;
  readonly builtin?: Builtin;
  readonly definedAt?: Origin;
  /** It was expanded or asked for. */
  read?: boolean;
  /** It took the place of an earlier definition. */
  replaced?: boolean;
  /** `text` cut at its parameters; made when first expanded. */
  parts?: readonly Part[];
}

/** Literal text, the number of a parameter, or one of `$#` `$*` `$@`. */
export type Part = string | number | { readonly all: "#" | "*" | "@" };

export class SymbolTable {
  #stacks = new Map<string, Symbol[]>();
  #traced = new Set<string>();
  #asked = new Set<string>();

  get(name: string): Symbol | undefined {
    return this.#stacks.get(name)?.at(-1);
  }

  define(name: string, symbol: Symbol): void {
    const stack = this.#stacks.get(name);
    if (stack === undefined) this.#stacks.set(name, [symbol]);
    else {
      symbol.replaced = true;
      stack[stack.length - 1] = symbol;
    }
  }

  push(name: string, symbol: Symbol): void {
    const stack = this.#stacks.get(name);
    if (stack === undefined) this.#stacks.set(name, [symbol]);
    else stack.push(symbol);
  }

  /** Drops the newest definition; false when there is none. */
  pop(name: string): boolean {
    const stack = this.#stacks.get(name);
    if (stack === undefined) return false;
    stack.pop();
    if (stack.length === 0) this.#stacks.delete(name);
    return true;
  }

  undefine(name: string): boolean {
    return this.#stacks.delete(name);
  }

  /** Whether `name` is defined (ifdef); remembers that somebody wanted to know. */
  has(name: string): boolean {
    this.#asked.add(name);
    const symbol = this.get(name);
    if (symbol !== undefined) symbol.read = true;
    return symbol !== undefined;
  }

  /** Names that ifdef asked for and that begin so. */
  asked(prefix: string): string[] {
    return [...this.#asked].filter((name) => name.startsWith(prefix));
  }

  names(): string[] {
    return [...this.#stacks.keys()];
  }

  trace(name: string, on: boolean): void {
    if (on) this.#traced.add(name);
    else this.#traced.delete(name);
  }

  /** `traceon` and `traceoff` without arguments: what is defined now. */
  traceDefined(on: boolean): void {
    for (const name of this.#stacks.keys()) this.trace(name, on);
  }

  isTraced(name: string): boolean {
    return this.#traced.size > 0 && this.#traced.has(name);
  }
}

/**
 * Cuts macro text at its parameters: `$1`, `$#`, `$*`, `$@`; another `$` is text. Several digits are one number, unless
 * the text is to be read as traditional m4 does.
 */
export function partsOf(text: string, traditional = false): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (let at = text.indexOf("$"); at >= 0; at = text.indexOf("$", at)) {
    const next = text[at + 1];
    let length = 2;
    let part: Part;
    if (next >= "0" && next <= "9") {
      if (!traditional) while (text[at + length] >= "0" && text[at + length] <= "9") length++;
      part = Number(text.slice(at + 1, at + length));
    } else if (next === "#" || next === "*" || next === "@") part = { all: next };
    else {
      at++;
      continue;
    }
    if (at > from) parts.push(text.slice(from, at));
    parts.push(part);
    at += length;
    from = at;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}
