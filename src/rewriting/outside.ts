/**
 * What rules of the interpreter get from outside: values of macros and answers of maps, as tokens, and what traces
 * (-d21.2, -d21.20, -d60) say about them.
 */
import type { MaybePromise } from "../sys/maybe-promise.ts";
import { EX } from "../sys/sysexits.ts";
import type { LookupText } from "./lookup-text.ts";
import type { LookupContext, LookupMap, LookupResult } from "./lookup-map.ts";
import { expandMacros } from "./macro-text.ts";
import { prescan } from "./prescan.ts";
import type { RuleProgram } from "./program.ts";
import type { RewriteContext } from "./rewriter.ts";
import { joined } from "./token-table.ts";
import type { TokenTable, Workspace } from "./token-table.ts";
import { printable } from "./tokens.ts";

/** What a look-up asks. */
export interface Question {
  readonly text: LookupText;
  /** Undefined: there is no such map. */
  readonly map: LookupMap | undefined;
  readonly key: string;
  readonly args: readonly string[];
  readonly traced: TracedLookup | undefined;
}

/** -d60: a line that the question has begun; the first message of the map or the answer ends it. */
interface TracedLookup {
  begun: string;
}

export class Outside {
  readonly #program: RuleProgram;
  readonly #tokens: TokenTable;
  readonly #context: RewriteContext;
  /** Levels of -d21 and -d60. */
  readonly #level21: number;
  readonly #level60: number;
  #lookupContext: LookupContext | undefined;
  /** Of the look-up that failed last. */
  reason: string | undefined;

  constructor(program: RuleProgram, tokens: TokenTable, context: RewriteContext) {
    this.#program = program;
    this.#tokens = tokens;
    this.#context = context;
    this.#level21 = program.trace?.level(21) ?? 0;
    this.#level60 = program.trace?.level(60) ?? 0;
  }

  /** The value of `$&x` as tokens; undefined when there is a value and no token in it. */
  macro(name: string): Workspace | undefined {
    const value = this.#context.scope.get(name);
    if (this.#level21 >= 2) this.#print(`rewrite: RHS $&{${name}} => "${value ?? "(NULL)"}"`);
    const tokens = this.#read(value ?? "", "value");
    if (value && tokens && this.#level21 >= 20) {
      for (const token of [...tokens.map(({ text }) => printable(text)), "DONE"]) this.#print(` ... ${token}`);
    }
    return tokens;
  }

  question(text: LookupText): Question {
    const { blankSub } = this.#program;
    const map = this.#program.map(text.map);
    const key = joined(text.key, map?.wordSeparator ?? blankSub);
    const args = text.args.map((each) => joined(each, blankSub));
    const traced = map && this.#level60 > 0 ? this.#traceQuestion(map, text.map, [key, ...args]) : undefined;
    return { text, map, key, args, traced };
  }

  /** Undefined: there is no such map. */
  ask({ text, map, key, args, traced }: Question): MaybePromise<LookupResult> | undefined {
    if (map === undefined) {
      this.#context.message(`rewrite: map ${text.map} not found`);
      return undefined;
    }
    return map.lookup(key, args, traced ? this.#asking(traced) : (this.#lookupContext ??= this.#asking()));
  }

  /** The tokens that go in; none at all: what should be put in holds nothing but blanks and comments. */
  answer({ text, key, args, traced }: Question, result: LookupResult | undefined): Workspace | undefined {
    if (traced && result) this.#traceAnswer(text.map, key, traced, result);
    this.#program.trace?.watcher?.lookedUp(text.map, key, args, result);
    if (result?.kind === "found") return this.#read(result.value, "value");
    if (result?.kind === "tempfail") {
      this.reason = result.reason;
      if (result.value !== undefined) return this.#read(result.value, "value");
    }
    // The default is joined and read again, like a value that was found: its comments go. The key stays as it is.
    return text.fallback ? this.#read(joined(text.fallback, this.#program.blankSub), "default") : text.key;
  }

  /** Text that is put in, as tokens; undefined when there is text and no token in it. */
  #read(text: string, kind: "value" | "default"): Workspace | undefined {
    if (text === "") return [];
    const { operators, trace } = this.#program;
    const message = (each: string): void => this.#context.message(each);
    const { tokens } = prescan(text, { operators, comments: "strip", kind, trace, message });
    return tokens && this.#tokens.workspace(tokens);
  }

  #asking(traced?: TracedLookup): LookupContext {
    const { scope, deferred } = this.#context;
    return {
      scope,
      deferred,
      expand: (text) => expandMacros(text, scope),
      message: (text) => {
        this.#context.message((traced?.begun ?? "") + text);
        if (traced) traced.begun = "";
      },
    };
  }

  #traceQuestion(map: LookupMap, name: string, parts: readonly string[]): TracedLookup | undefined {
    map.prepare?.(this.#asking());
    if (map.available?.() === false) return undefined;
    const shown = this.#level60 < 5 ? "" : parts.map((text, i) => `, %${i}=${text}`).join("");
    return { begun: `map_lookup(${name}, ${printable(parts[0])}${shown}) => ` };
  }

  #traceAnswer(name: string, key: string, { begun }: TracedLookup, result: LookupResult): void {
    const value = result.kind === "found" ? result.value : "NOT FOUND";
    const status = result.kind === "found" ? EX.OK : (result.status ?? EX.OK);
    this.#print(`${begun}${value} (${status}), ad=0`);
    if (result.kind !== "tempfail" || status === EX.OK) return;
    this.#print(`map_lookup(${name}, ${key}) tempfail: errno=0`);
    if (this.#level60 >= 4 && result.value !== undefined) {
      this.#print(`map_lookup tempfail: returning "${result.value}"`);
    }
  }

  #print(text: string): void {
    this.#program.trace?.print(text);
  }
}
