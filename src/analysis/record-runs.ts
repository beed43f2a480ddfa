/** Keeps what an engine does as a tree: rulesets, the rules that fired in them, their look-ups and calls. */
import type { LookupResult } from "../rewriting/lookup-map.ts";
import type { Rule } from "../rewriting/rule.ts";
import { printTokens, type Tokens } from "../rewriting/tokens.ts";
import { printRule, type RewriteWatcher } from "../rewriting/trace.ts";
import type { OriginOf } from "../source/source-map.ts";

/** One ruleset over one workspace. Workspaces are printed as traces print them: a blank between two tokens. */
export interface RulesetRun {
  readonly ruleset: string;
  readonly number: number;
  readonly input: string;
  readonly rules: readonly FiredRule[];
  readonly output: string;
  /** The output as text, as look-ups and mailers see it. */
  readonly result: string;
  /** 0, or what a look-up or a limit left behind. */
  readonly status: number;
}

export interface FiredRule {
  readonly file: string;
  readonly line: number;
  /** Where that line came from, as in `site.mc:12 FEATURE(access_db)`, when the configuration was compiled with a map. */
  readonly origin?: string;
  /** Both sides as `=S` prints them. */
  readonly lhs: string;
  readonly rhs: string;
  readonly lookups: readonly Asked[];
  readonly calls: readonly RulesetRun[];
  /** The workspace afterwards; absent when the rule could not be applied. */
  readonly after?: string;
}

/** One question to a map. */
export interface Asked {
  readonly map: string;
  readonly key: string;
  /** The texts after `$@`. */
  readonly args: readonly string[];
  readonly answer: "found" | "missing" | "later" | "no such map";
  /** What was found. */
  readonly value?: string;
  /** Why there is no answer now. */
  readonly reason?: string;
}

/** All rules of a run and of those that it called, in the order in which they were done. */
export function firedIn({ rules }: RulesetRun): FiredRule[] {
  return rules.flatMap((rule) => [...rule.calls.flatMap(firedIn), rule]);
}

type Draft<T> = { -readonly [Key in keyof T]: T[Key] };
interface OpenRule extends Draft<FiredRule> {
  lookups: Asked[];
  calls: RulesetRun[];
}
interface OpenRun extends Draft<RulesetRun> {
  rules: OpenRule[];
}

/** Rules, calls and look-ups of one story. Rulesets that call each other without end make many more. */
const MAX_STEPS = 2000;

export class RunRecorder implements RewriteWatcher {
  readonly runs: RulesetRun[] = [];
  readonly #join: (tokens: Tokens) => string;
  readonly #originOf: OriginOf;
  /** The rulesets that have not returned, outermost first; undefined: not recorded any more. */
  readonly #open: (OpenRun | undefined)[] = [];
  #steps = 0;

  /** @param join tokens to text, as the configuration has it */
  constructor(join: (tokens: Tokens) => string, originOf: OriginOf = () => undefined) {
    this.#join = join;
    this.#originOf = originOf;
  }

  get truncated(): boolean {
    return this.#steps > MAX_STEPS;
  }

  enter(number: number, ruleset: string, workspace: Tokens): void {
    if (this.#full()) return void this.#open.push(undefined);
    const run: OpenRun = {
      ruleset,
      number,
      input: printTokens(workspace),
      rules: [],
      output: "",
      result: "",
      status: 0,
    };
    const caller = this.#open.length === 0 ? this.runs : this.#rule?.calls;
    caller?.push(run);
    this.#open.push(run);
  }

  leave(workspace: Tokens, status: number): void {
    const run = this.#open.pop();
    if (!run) return;
    run.output = printTokens(workspace);
    run.result = this.#join(workspace);
    run.status = status;
  }

  fired(rule: Rule): void {
    if (this.#full()) return;
    const { lhs, rhs } = printRule(rule);
    const { file, line } = rule.at;
    const origin = this.#originOf({ file, line });
    const from = origin === undefined ? {} : { origin };
    const sides = { lhs: lhs.join(" "), rhs: rhs.join(" ") };
    this.#open.at(-1)?.rules.push({ file, line, ...from, ...sides, lookups: [], calls: [] });
  }

  rewritten(workspace: Tokens): void {
    const rule = this.#rule;
    if (rule) rule.after = printTokens(workspace);
  }

  lookedUp(map: string, key: string, args: readonly string[], result: LookupResult | undefined): void {
    if (this.#full()) return;
    this.#rule?.lookups.push({ map, key, args, ...answerOf(result) });
  }

  get #rule(): OpenRule | undefined {
    return this.#open.at(-1)?.rules.at(-1);
  }

  #full(): boolean {
    return ++this.#steps > MAX_STEPS;
  }
}

function answerOf(result: LookupResult | undefined): Pick<Asked, "answer" | "value" | "reason"> {
  if (result === undefined) return { answer: "no such map" };
  switch (result.kind) {
    case "found":
      return { answer: "found", value: result.value };
    case "missing":
      return { answer: "missing" };
    default:
      return { answer: "later", reason: result.reason };
  }
}
