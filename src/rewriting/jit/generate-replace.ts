/**
 * The right side of a rule as JavaScript.
 *
 * Most right sides are texts, `$1`, `$&x`, look-ups and calls of rulesets that are known by name: these become array
 * literals, loops and direct questions and calls. Everything else is filled in and left to the runtime, which reads it as
 * the interpreter does; so is what would have to be read otherwise because of what `$1`, a macro or an answer brings.
 */
import { LIMITS } from "../limits.ts";
import type { Replacement, Rule } from "../rule.ts";
import { EX } from "../../sys/sysexits.ts";
import { CALL } from "../tokens.ts";
import type { Constants, SpanCode } from "./generate-match.ts";
import { ACTIVE_BIT, LOOKUP_PART_BIT } from "../token-table.ts";
import type { TokenTable } from "../token-table.ts";
import { isActive, type Piece, type PlainLookup, type RightSide, takeApart } from "./right-side.ts";

export interface ReplaceSource {
  readonly rule: Rule;
  /** As messages name it. */
  readonly ruleset: string;
  readonly tokens: TokenTable;
  readonly constants: Constants;
  /** The number of a ruleset that is called by this name. */
  find(name: string): number | undefined;
}

/** Code that returns the new workspace, or h.FAILED; variables as in generate-match, and `m`, the bits of `w`. */
export function generateReplace(source: ReplaceSource, spans: readonly SpanCode[]): string {
  return new ReplaceCode(source, spans).generate();
}

/** A stretch of tokens that is there already: tokens `start` to before `end` of `array`. */
interface Stretch {
  readonly array: string;
  readonly start: string;
  readonly end: string;
}

/** What is put together: a token of the rule, or such a stretch. */
type Item = { readonly text: string } | Stretch;

class ReplaceCode {
  readonly #source: ReplaceSource;
  readonly #spans: readonly SpanCode[];
  readonly #lines: string[] = [];
  /** The variable that holds the value of a macro, by its place in the right side. */
  readonly #macros = new Map<Replacement, string>();
  #variables = 0;

  constructor(source: ReplaceSource, spans: readonly SpanCode[]) {
    this.#source = source;
    this.#spans = spans;
  }

  generate(): string {
    const { rhs } = this.#source.rule;
    if (rhs.every((each) => each.kind === "token") && !rhs.some(isActive)) return this.#constant(rhs);
    this.#fillMacros(rhs);
    if (rhs.some((each) => each.kind === "argument" && this.#spans[each.index - 1] === undefined)) {
      return this.#lines.join("\n");
    }
    const asWritten = `return h.finish(${this.#expression(this.#items(rhs))}, x);`;
    const parts = takeApart(rhs);
    const numbers = parts?.calls.map(({ name }) => this.#source.find(name));
    if (parts === undefined || parts.calls.length >= LIMITS.callsOfRule || numbers!.includes(undefined)) {
      this.#say(asWritten);
    } else {
      const test = this.#isOrdinary(parts);
      if (test !== undefined) this.#say(`if (${test}) ${asWritten}`);
      this.#apart(parts, numbers as readonly number[]);
    }
    return this.#lines.join("\n");
  }

  #constant(rhs: readonly Replacement[]): string {
    const result = this.#constants(rhs.map(textOf));
    return rhs.length >= LIMITS.tokens ? `return h.finish(${result}, x);` : `return ${result};`;
  }

  #say(line: string): void {
    this.#lines.push(line);
  }

  #variable(letter: string): string {
    return `${letter}${this.#variables++}`;
  }

  #token(text: string): string {
    return this.#source.constants.ref(this.#source.tokens.constant(text));
  }

  #constants(texts: readonly string[]): string {
    return this.#source.constants.ref(texts.map((text) => this.#source.tokens.constant(text)));
  }

  /**
   * Asks for the macros in the order in which they stand, and compares the length as it grows. A `$1` that the left side
   * does not have ends the ruleset.
   */
  #fillMacros(rhs: readonly Replacement[]): void {
    let tokens = 0;
    const stretches: string[] = [];
    const limit = (): string => {
      const length = [...stretches, String(tokens)].join(" + ");
      return `if (${length} >= ${LIMITS.tokens}) return h.tooLong(x);`;
    };
    for (const each of rhs) {
      if (each.kind === "token") tokens++;
      else if (each.kind === "macro") {
        const value = this.#variable("q");
        this.#macros.set(each, value);
        this.#say(`const ${value} = h.macro(x, ${this.#source.constants.ref(each.name)});`);
        this.#say(`if (${value} === h.FAILED) return h.FAILED;`);
        stretches.push(`${value}.length`);
        this.#say(limit());
      } else {
        const span = this.#spans[each.index - 1];
        if (span === undefined) {
          const text = `rewrite: ruleset ${this.#source.ruleset}: replacement $${each.index} out of bounds`;
          this.#say(limit());
          this.#say(`return h.outOfBounds(x, ${this.#source.constants.ref(text)});`);
          return;
        }
        stretches.push(`(${span.end}) - (${span.start})`);
      }
    }
    if (rhs.at(-1)?.kind !== "macro") this.#say(limit());
  }

  /** A test for values that would change how the right side is read; undefined when there are none. */
  #isOrdinary({ groups }: RightSide): string | undefined {
    const { rhs } = this.#source.rule;
    const hasLookups = groups.some((pieces) => pieces.some(({ kind }) => kind === "lookup"));
    const mask = hasLookups ? ACTIVE_BIT | LOOKUP_PART_BIT : ACTIVE_BIT;
    const bits = [...this.#macros.values()].map((value) => `h.bits(${value})`);
    if (rhs.some(({ kind }) => kind === "argument")) bits.push("m");
    if (bits.length === 0) return undefined;
    return `((${bits.join(" | ")}) & ${mask}) !== 0`;
  }

  #apart({ groups, calls }: RightSide, numbers: readonly number[]): void {
    const asked = groups.some((pieces) => pieces.some(({ kind }) => kind === "lookup"));
    // s: the status so far; t: the bits of what look-ups have brought.
    if (asked || calls.length > 0) this.#say("let s = 0;");
    if (asked) this.#say("let t = 0;");
    const items = groups.map((pieces) => pieces.flatMap((piece) => this.#piece(piece)));
    if (asked) {
      const all = items.flatMap((group, i) => [...(i > 0 ? this.#callTokens(calls[i - 1].name) : []), ...group]);
      this.#say(`if ((t & ${ACTIVE_BIT}) !== 0) return h.finishCalls(${this.#expression(all)}, x, s);`);
    }
    if (calls.length > 0) this.#calls(items, calls, numbers);
    else {
      if (asked) this.#say("x.ruleStatus = s;");
      this.#say(`return ${this.#array(items[0])};`);
    }
  }

  /** The status of look-ups and that of calls are put together at the end, as if all look-ups were one. */
  #calls(items: readonly Item[][], calls: RightSide["calls"], numbers: readonly number[]): void {
    this.#say("let c = 0;");
    this.#say(`let r = ${this.#array(items.at(-1)!)};`);
    for (let i = calls.length - 1; i >= 0; i--) {
      this.#say(`r = h.call(${numbers[i]}, r, x);`);
      this.#say("c = h.worse(c, x.status);");
      const before = items[i];
      if (i > 0) {
        // A call that fails stops those before it: they stay in the text.
        const rest = items
          .slice(0, i + 1)
          .flatMap((group, at) => [...group, ...(at < i ? this.#callTokens(calls[at].name) : [])]);
        const left = this.#expression([...rest, whole("r")]);
        this.#say(`if (h.fails(c)) { x.ruleStatus = h.worse(s, c); return ${left}; }`);
      }
      if (before.length > 0) this.#say(`r = ${this.#array([...before, whole("r")])};`);
    }
    this.#say("x.ruleStatus = h.worse(s, c);");
    this.#say("return r;");
  }

  #callTokens(name: string): Item[] {
    return [{ text: CALL }, { text: name }];
  }

  #piece(piece: Piece): readonly Item[] {
    return piece.kind === "text" ? this.#items(piece.items) : [whole(this.#lookUp(piece))];
  }

  /** Asks; the name of the variable that holds what is put in place of the look-up. */
  #lookUp({ map, key, args, fallback }: PlainLookup): string {
    const found = this.#variable("f");
    const { array, start, end } = this.#stretch(key);
    const texts = args.map((each) => this.#text(each)).join(", ");
    const name = this.#source.constants.ref(map);
    this.#say(`let ${found} = h.ask(x, ${name}, ${array}, ${start}, ${end}, [${texts}]);`);
    const instead =
      fallback === undefined
        ? `${array}.slice(${start}, ${end})`
        : `h.instead(${this.#expression(this.#items(fallback))}, x)`;
    this.#say(`if (${found} === null) ${found} = ${instead};`);
    this.#say(`if (${found} === h.FAILED) return h.fail(x, ${EX.DATAERR});`);
    this.#say(`if (x.ruleStatus !== 0) s = h.worse(s, x.ruleStatus);`);
    this.#say(`t |= h.bits(${found});`);
    return found;
  }

  #text(items: readonly Replacement[]): string {
    if (items.length === 0) return '""';
    const { array, start, end } = this.#stretch(items);
    return `h.text(${array}, ${start}, ${end})`;
  }

  /** Where these tokens lie, one after the other. */
  #stretch(items: readonly Replacement[]): Stretch {
    const made = this.#items(items);
    if (made.length === 1 && "array" in made[0]) return made[0];
    const all = this.#variable("a");
    this.#say(`const ${all} = ${this.#array(made)};`);
    return whole(all);
  }

  #items(items: readonly Replacement[]): Item[] {
    return items.map((each) => {
      if (each.kind === "token") return { text: each.text };
      if (each.kind === "macro") return whole(this.#macros.get(each)!);
      return { array: "w", ...this.#spans[each.index - 1] };
    });
  }

  /** A workspace with all of these, in a variable where that is made of several. */
  #array(items: readonly Item[]): string {
    const leading = items.findIndex((each) => "array" in each);
    if (leading === -1 || items.length === 1) return this.#expression(items);
    const made = this.#variable("o");
    const tokens = items.slice(0, leading).map((each) => this.#code(each));
    this.#say(`const ${made} = [${tokens.join(", ")}];`);
    for (const each of items.slice(leading)) {
      this.#say(
        "text" in each
          ? `${made}.push(${this.#token(each.text)});`
          : `for (let i = ${each.start}; i < ${each.end}; i++) ${made}.push(${each.array}[i]);`,
      );
    }
    return made;
  }

  /** The same as an expression, which is slower for several stretches: for what happens rarely. */
  #expression(items: readonly Item[]): string {
    const [first] = items;
    if (items.every((each) => "text" in each)) return this.#constants(items.map(({ text }) => text));
    if (items.length === 1) return this.#code(first);
    return `[${items.map((each) => ("text" in each ? this.#code(each) : `...${this.#code(each)}`)).join(", ")}]`;
  }

  #code(each: Item): string {
    if ("text" in each) return this.#token(each.text);
    const { array, start, end } = each;
    return start === "0" && end === `${array}.length` ? array : `${array}.slice(${start}, ${end})`;
  }
}

function whole(array: string): Stretch {
  return { array, start: "0", end: `${array}.length` };
}

function textOf(each: Replacement): string {
  return each.kind === "token" ? each.text : "";
}
