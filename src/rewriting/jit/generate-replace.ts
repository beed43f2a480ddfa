/**
 * The right side of a rule as JavaScript.
 *
 * Most right sides are texts, `$1` and calls of rulesets that are known by name: these become array literals, loops and
 * direct calls. Everything else is filled in and left to the runtime, which reads it as the interpreter does.
 */
import { LIMITS } from "../limits.ts";
import type { Replacement, Rule } from "../rule.ts";
import { calledName } from "../called-name.ts";
import { CALL, HOST_BEGIN, LOOKUP_BEGIN } from "../tokens.ts";
import type { Constants, SpanCode } from "./generate-match.ts";
import { ACTIVE_BIT } from "../token-table.ts";
import type { TokenTable } from "../token-table.ts";

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

class ReplaceCode {
  readonly #source: ReplaceSource;
  readonly #spans: readonly SpanCode[];

  constructor(source: ReplaceSource, spans: readonly SpanCode[]) {
    this.#source = source;
    this.#spans = spans;
  }

  generate(): string {
    const { rhs } = this.#source.rule;
    if (rhs.every((each) => each.kind === "token")) return this.#constant(rhs);
    const calls = this.#plainCalls(rhs);
    const general = `${this.#fill("o", rhs)}\n${this.#limit("o.length")}`;
    if (calls) {
      // What `$1` brings may call rulesets too: then the plain way does not do.
      return `if ((m & ${ACTIVE_BIT}) === 0) {\n${this.#callCode(calls)}\n}\n${general}\nreturn h.finish(o, x);`;
    }
    if (rhs.some(isActive) || rhs.some(({ kind }) => kind === "macro")) return `${general}\nreturn h.finish(o, x);`;
    return `${general}\nreturn (m & ${ACTIVE_BIT}) === 0 ? o : h.finish(o, x);`;
  }

  #constant(rhs: readonly Replacement[]): string {
    const tokens = rhs.map((each) => this.#token(each));
    const result = this.#source.constants.ref(tokens);
    const active = rhs.some(isActive) || rhs.length >= LIMITS.tokens;
    return active ? `return h.finish(${result}, x);` : `return ${result};`;
  }

  #token(each: Replacement) {
    return this.#source.tokens.constant(each.kind === "token" ? each.text : "");
  }

  /** Declares `name`: the items put together in order. */
  #fill(name: string, items: readonly Replacement[]): string {
    const leading = items.findIndex(({ kind }) => kind !== "token");
    const count = leading === -1 ? items.length : leading;
    const { constants } = this.#source;
    const first = items.slice(0, count).map((each) => constants.ref(this.#token(each)));
    const [only] = items;
    if (items.length === 1 && only.kind === "argument" && this.#spans[only.index - 1]) {
      const { start, end } = this.#spans[only.index - 1];
      return `const ${name} = w.slice(${start}, ${end});`;
    }
    return [`const ${name} = [${first.join(", ")}];`, ...items.slice(count).map((each) => this.#push(name, each))].join(
      "\n",
    );
  }

  #push(name: string, each: Replacement): string {
    if (each.kind === "token") return `${name}.push(${this.#source.constants.ref(this.#token(each))});`;
    if (each.kind === "macro") {
      const macro = this.#source.constants.ref(each.name);
      return `if (!h.pushMacro(${name}, x, ${macro})) return h.FAILED;\n${this.#limit(`${name}.length`)}`;
    }
    const span = this.#spans[each.index - 1];
    if (span === undefined) {
      const text = `rewrite: ruleset ${this.#source.ruleset}: replacement $${each.index} out of bounds`;
      return `${this.#limit(`${name}.length`)}\nreturn h.outOfBounds(x, ${this.#source.constants.ref(text)});`;
    }
    return `for (let i = ${span.start}; i < ${span.end}; i++) ${name}.push(w[i]);`;
  }

  #limit(length: string): string {
    return `if (${length} >= ${LIMITS.tokens}) return h.tooLong(x);`;
  }

  /**
   * The parts between calls, when all calls are of known rulesets and there is nothing else to evaluate:
   * `a $>x b $>y c` is [a] [b] [c] with the rulesets x and y.
   */
  #plainCalls(rhs: readonly Replacement[]): PlainCalls | undefined {
    const parts: Replacement[][] = [[]];
    const rulesets: { readonly number: number; readonly name: Replacement }[] = [];
    for (let i = 0; i < rhs.length; i++) {
      const each = rhs[i];
      if (each.kind === "macro" || (each.kind === "argument" && !this.#spans[each.index - 1])) return undefined;
      if (each.kind !== "token" || !isActive(each)) {
        parts[parts.length - 1].push(each);
        continue;
      }
      const name = rhs[++i];
      if (each.text !== CALL || name?.kind !== "token") return undefined;
      const text = calledName(name.text);
      const number = this.#source.find(text);
      if (number === undefined) return undefined;
      rulesets.push({ number, name: { kind: "token", text } });
      parts.push([]);
    }
    return rulesets.length > 0 && rulesets.length < LIMITS.callsOfRule ? { parts, rulesets } : undefined;
  }

  #callCode({ parts, rulesets }: PlainCalls): string {
    const lines = parts.map((part, i) => this.#fill(`o${i}`, part));
    const sizes = parts.map((_, i) => `o${i}.length`);
    lines.push(this.#limit([...sizes, String(2 * rulesets.length)].join(" + ")));
    lines.push("let s = 0;", `let r = o${parts.length - 1};`);
    for (let i = rulesets.length - 1; i >= 0; i--) {
      lines.push(`r = h.call(${rulesets[i].number}, r, x);`, "s = h.worse(s, x.status);");
      if (i > 0) {
        // A call that fails stops those before it: they stay in the text.
        lines.push(
          `if (h.fails(x.status)) { x.ruleStatus = s; return h.unfinished([${this.#before(i, parts, rulesets)}], r); }`,
        );
      }
      lines.push(`r = o${i}.length === 0 ? r : o${i}.concat(r);`);
    }
    lines.push("x.ruleStatus = s;", "return r;");
    return lines.join("\n");
  }

  /** Everything in front of the result of call `index`, without the call itself. */
  #before(index: number, parts: PlainCalls["parts"], rulesets: PlainCalls["rulesets"]): string {
    const call = this.#source.constants.ref(this.#source.tokens.constant(CALL));
    const texts: string[] = [];
    for (let i = 0; i <= index && i < parts.length; i++) {
      texts.push(`...o${i}`);
      if (i < index) texts.push(call, this.#source.constants.ref(this.#token(rulesets[i].name)));
    }
    return texts.join(", ");
  }
}

interface PlainCalls {
  readonly parts: readonly (readonly Replacement[])[];
  readonly rulesets: readonly { readonly number: number; readonly name: Replacement }[];
}

function isActive(each: Replacement): boolean {
  return each.kind === "token" && (each.text === CALL || each.text === LOOKUP_BEGIN || each.text === HOST_BEGIN);
}
