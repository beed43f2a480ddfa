/**
 * The left side of a rule as JavaScript: nested loops, one for each wildcard that has a choice.
 *
 * The shortest run of the first wildcard is tried first and the last wildcard grows first, which is the order of the
 * language. A wildcard that only patterns of fixed width follow has no choice, so it gets no loop:
 *
 *   $* < @ $+ > $*    for (s0 ...) if (w[s0] is "<" && w[s0 + 1] is "@") for (s1 ...) if (w[s1] is ">") { ... }
 *
 * Names and texts of the configuration never become code: they are entries of `K`, and code holds their index.
 */
import type { ClassSet } from "../class-set.ts";
import { foldCase } from "../fold-case.ts";
import { isFixed, least } from "../needs.ts";
import type { Pattern } from "../rule.ts";
import type { TokenTable } from "../token-table.ts";

/** Values that generated code refers to as K[index]. */
export class Constants {
  readonly values: unknown[] = [];
  readonly #indexes = new Map<unknown, string>();

  ref(value: unknown): string {
    let text = this.#indexes.get(value);
    if (text === undefined) {
      text = `K[${this.values.push(value) - 1}]`;
      this.#indexes.set(value, text);
    }
    return text;
  }
}

/** JavaScript expressions for the first token of a wildcard and the one after its last. */
export interface SpanCode {
  readonly start: string;
  readonly end: string;
}

export interface MatchSource {
  readonly lhs: readonly Pattern[];
  readonly tokens: TokenTable;
  readonly constants: Constants;
  classWords(name: string): ClassSet;
  /** Code that runs when the left side has matched; it returns the new workspace. */
  matched(spans: readonly SpanCode[]): string;
}

/** Code of a function body with `w` (the workspace), `n` (its length), `x` (the run), `h` (runtime) and `K`. */
export function generateMatch(source: MatchSource): string {
  return new MatchCode(source).generate();
}

/** A place in the workspace: a variable or 0, and a distance from it. */
interface Place {
  readonly base: string;
  readonly offset: number;
}

class MatchCode {
  readonly #source: MatchSource;
  readonly #lhs: readonly Pattern[];
  readonly #spans: SpanCode[] = [];
  #variables = 0;

  constructor(source: MatchSource) {
    this.#source = source;
    this.#lhs = source.lhs;
  }

  generate(): string {
    return `${this.#from(0, { base: "0", offset: 0 }, "return null;", needsExactCheck(this.#lhs))}\nreturn null;`;
  }

  /** @param open the end of the workspace still has to be compared */
  #from(index: number, place: Place, fail: string, open: boolean): string {
    const pattern = this.#lhs[index];
    if (pattern === undefined) {
      const check = open ? `if (${code(place)} !== n) ${fail}\n` : "";
      return check + this.#source.matched(this.#spans);
    }
    const next = (at: Place): string => this.#from(index + 1, at, fail, open);
    switch (pattern.kind) {
      case "nothing":
        return next(place);
      case "literal":
        return `if (w[${code(place)}].id !== ${this.#literal(pattern.text)}) ${fail}\n${next(after(place, 1))}`;
      case "one":
        this.#spans.push({ start: code(place), end: code(after(place, 1)) });
        return next(after(place, 1));
      case "not-class":
        this.#spans.push({ start: code(place), end: code(after(place, 1)) });
        return `if (${this.#class(pattern.name)}.hasFolded(w[${code(place)}].folded)) ${fail}\n${next(after(place, 1))}`;
      case "class":
        return this.#classLoop(index, pattern.name, place, open);
      case "macro":
        return this.#macro(index, pattern.name, place, fail);
      default:
        return this.#wildcard(index, pattern.kind === "any" ? 0 : 1, place, fail, open);
    }
  }

  #wildcard(index: number, count: number, place: Place, fail: string, open: boolean): string {
    const end = this.#variable();
    const first = code(after(place, count));
    this.#spans.push({ start: code(place), end });
    const rest = this.#lhs.slice(index + 1);
    const room = least(this.#lhs, index + 1);
    if (rest.every(isFixed)) {
      // The end of the workspace decides where this one ends.
      const body = this.#from(index + 1, { base: end, offset: 0 }, fail, false);
      return `const ${end} = ${minus("n", room)};\nif (${end} < ${first}) ${fail}\n${body}`;
    }
    const body = this.#from(index + 1, { base: end, offset: 0 }, "continue;", open);
    return `for (let ${end} = ${first}; ${end} <= ${minus("n", room)}; ${end}++) {\n${body}\n}`;
  }

  /** Runs of tokens whose joined text is in the class, shortest first. */
  #classLoop(index: number, name: string, place: Place, open: boolean): string {
    const end = this.#variable();
    const text = this.#variable();
    const words = this.#class(name);
    this.#spans.push({ start: code(place), end });
    const room = least(this.#lhs, index + 1);
    const body = this.#from(index + 1, { base: end, offset: 0 }, "continue;", open);
    return `let ${text} = "";
for (let ${end} = ${code(place)}; ${end} < ${minus("n", room)};) {
${text} += w[${end}++].folded;
if (${text}.length > ${words}.longest) break;
if (!${words}.hasFolded(${text})) continue;
${body}
}`;
  }

  #macro(index: number, name: string, place: Place, fail: string): string {
    const end = this.#variable();
    const room = least(this.#lhs, index + 1);
    const body = this.#from(index + 1, { base: end, offset: 0 }, fail, true);
    return `const ${end} = h.matchMacro(x, ${this.#source.constants.ref(name)}, w, ${code(place)});
if (${end} < 0 || ${end} > ${minus("n", room)}) ${fail}
${body}`;
  }

  #literal(text: string): number {
    return this.#source.tokens.id(foldCase(text));
  }

  #class(name: string): string {
    return this.#source.constants.ref(this.#source.classWords(name));
  }

  #variable(): string {
    return `v${this.#variables++}`;
  }
}

/** False when the number of tokens that is checked beforehand says all. */
function needsExactCheck(lhs: readonly Pattern[]): boolean {
  return !lhs.every(isFixed);
}

function after(place: Place, count: number): Place {
  return { base: place.base, offset: place.offset + count };
}

function code({ base, offset }: Place): string {
  if (base === "0") return String(offset);
  return offset === 0 ? base : `${base} + ${offset}`;
}

function minus(text: string, count: number): string {
  return count === 0 ? text : `${text} - ${count}`;
}
