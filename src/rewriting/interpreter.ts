/**
 * The reference engine: runs rules one by one, as the manual describes them, and can trace every step.
 *
 * It is written as generators that yield a promise where a look-up has to wait. As long as none does, a call runs to
 * its end at once; otherwise it goes on later from exactly where it stands, so that nothing happens twice.
 */
import { isPromise } from "../sys/maybe-promise.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import { EX } from "../sys/sysexits.ts";
import type { ExitCode } from "../sys/sysexits.ts";
import { catAddress } from "./cat-address.ts";
import { LIMITS } from "./limits.ts";
import { beginsLookup, readLookup } from "./look-up.ts";
import type { LookupText } from "./look-up.ts";
import type { LookupContext, LookupResult } from "./lookup.ts";
import { expandMacros } from "./macro-text.ts";
import { match } from "./match.ts";
import type { MatchContext, Span } from "./match.ts";
import { prescan } from "./prescan.ts";
import type { RuleProgram } from "./program.ts";
import type { RewriteContext, Rewriter, Rewritten } from "./rewriter.ts";
import type { Replacement, Rule, Ruleset } from "./rule.ts";
import { CALL, CANON_MAILER, printTokens, printable } from "./tokens.ts";
import type { Tokens } from "./tokens.ts";
import { printRule, printStep } from "./trace.ts";

/** The engine that test mode uses, and that the compiled one is measured against. */
export function createInterpreter(program: RuleProgram): Rewriter {
  const { operators, blankSub } = program;
  return {
    number: (name) => program.rulesets.number(name),
    has: (ruleset) => (program.rulesets.get(ruleset)?.rules.length ?? 0) > 0,
    rewrite: (ruleset, workspace, context) => {
      const run = new Run(program, context);
      return drive(run.ruleset(ruleset, workspace, 0), run);
    },
    tokenise(text, context) {
      const { tokens = [], messages } = prescan(text, { operators, comments: "tokens", trace: program.trace });
      for (const each of messages) context.message(each);
      return tokens;
    },
    join: (tokens) => catAddress(tokens, operators, blankSub),
  };
}

/** A part of a run: yields what has to be waited for, is resumed with what came of it. */
type Step<T> = Generator<Promise<LookupResult>, T, LookupResult>;

function drive(step: Step<Tokens>, run: Run): MaybePromise<Rewritten> {
  const next = step.next();
  return next.done ? run.result(next.value) : later(next.value, step, run);
}

async function later(first: Promise<LookupResult>, step: Step<Tokens>, run: Run): Promise<Rewritten> {
  let waiting = first;
  for (;;) {
    const next = step.next(await waiting);
    if (next.done) return run.result(next.value);
    waiting = next.value;
  }
}

/** One call of the engine, with all the rulesets that are called from it. */
class Run {
  readonly #program: RuleProgram;
  readonly #context: RewriteContext;
  readonly #matching: MatchContext;
  #status: ExitCode = EX.OK;
  #reason: string | undefined;

  constructor(program: RuleProgram, context: RewriteContext) {
    this.#program = program;
    this.#context = context;
    this.#matching = {
      scope: context.scope,
      trace: program.trace,
      classWords: (name) => program.classWords(name),
    };
  }

  result(tokens: Tokens): Rewritten {
    const status = this.#status;
    return this.#reason === undefined ? { tokens, status } : { tokens, status, reason: this.#reason };
  }

  /** A ruleset over a workspace, with the two lines that show what went in and what came out. */
  *ruleset(number: number, workspace: Tokens, depth: number): Step<Tokens> {
    const name = this.#program.rulesets.nameOf(number);
    this.#traceStep(name, "  input", workspace);
    if (depth > LIMITS.recursion) {
      this.#fail(EX.CONFIG, `rewrite: excessive recursion (max ${LIMITS.recursion}), ruleset ${name}`);
      this.#traceStep(name, "returns", workspace);
      return workspace;
    }
    const ruleset = this.#program.rulesets.get(number);
    const { tokens, broken } = ruleset
      ? yield* this.#rules(ruleset, name, workspace, depth)
      : { tokens: workspace, broken: false };
    if (!broken) this.#traceStep(name, "returns", tokens);
    return tokens;
  }

  /** `broken`: a rule could not be applied; the ruleset ends with the workspace as it was before that rule. */
  *#rules(
    ruleset: Ruleset,
    name: string,
    workspace: Tokens,
    depth: number,
  ): Step<{ readonly tokens: Tokens; readonly broken: boolean }> {
    let tokens = workspace;
    for (const [index, rule] of ruleset.rules.entries()) {
      for (let round = 1; ; round++) {
        this.#traceTry(rule);
        if (round > LIMITS.rounds) {
          this.#context.message(`Infinite loop in ruleset ${name}, rule ${index + 1}`);
          if (this.#traced(1)) this.#print(`workspace:  ${printTokens(tokens)}`);
          break;
        }
        const spans = match(rule, tokens, this.#matching);
        if (!spans) {
          if (this.#traced(10)) this.#print("----- rule fails");
          break;
        }
        if (this.#traced(12)) this.#print(`-----rule matches: ${printRule(rule).rhs.join(" ")}`);
        const result = yield* this.#replace(rule.rhs, spans, tokens, name, depth);
        if (result === undefined) return { tokens, broken: true };
        tokens = result;
        if (this.#traced(4)) this.#print(`rewritten as: ${printTokens(tokens)}`);
        if (tokens[0] === CANON_MAILER || rule.control === "return") return { tokens, broken: false };
        if (rule.control === "once") break;
      }
    }
    return { tokens, broken: false };
  }

  /** The right side of a rule that has matched: first what is put in, then look-ups, then calls. */
  *#replace(
    rhs: readonly Replacement[],
    spans: readonly Span[],
    workspace: Tokens,
    name: string,
    depth: number,
  ): Step<Tokens | undefined> {
    const filled = this.#fillIn(rhs, spans, workspace, name);
    if (filled === undefined) return undefined;
    const looked = yield* this.#lookUps(filled);
    if (looked === undefined) return undefined;
    return yield* this.#calls(looked, depth);
  }

  /** `$1` and `$&x`; undefined when the ruleset cannot go on. */
  #fillIn(rhs: readonly Replacement[], spans: readonly Span[], workspace: Tokens, name: string): string[] | undefined {
    const tokens: string[] = [];
    for (const each of rhs) {
      if (each.kind === "token") tokens.push(each.text);
      else if (each.kind === "macro") {
        const value = this.#macro(each.name);
        if (value === undefined) return undefined;
        for (const token of value) tokens.push(token);
      } else {
        const span = spans[each.index - 1];
        if (span === undefined) {
          return this.#fail(EX.CONFIG, `rewrite: ruleset ${name}: replacement $${each.index} out of bounds`);
        }
        this.#traceArgument(each.index, workspace, span);
        for (let i = span.start; i < span.end; i++) tokens.push(workspace[i]);
      }
      if (tokens.length >= LIMITS.tokens) return this.#fail(EX.DATAERR, "rewrite: expansion too long");
    }
    return tokens;
  }

  /** The value of `$&x` as tokens; undefined when there is a value and no token in it. */
  #macro(name: string): Tokens | undefined {
    const value = this.#context.scope.get(name);
    if (this.#traced(2)) this.#print(`rewrite: RHS $&{${name}} => "${value ?? "(NULL)"}"`);
    return value ? this.#tokenise(value) : [];
  }

  /** Text that was put in, as tokens; undefined, with status 65, when there is none in it. */
  #tokenise(text: string): Tokens | undefined {
    const { operators, trace } = this.#program;
    const { tokens, messages } = prescan(text, { operators, comments: "strip", kind: "value", trace });
    for (const each of messages) this.#context.message(each);
    if (tokens === undefined) this.#status = EX.DATAERR;
    return tokens;
  }

  *#lookUps(workspace: string[]): Step<Tokens | undefined> {
    let begin = workspace.findIndex(beginsLookup);
    if (begin === -1) return workspace;
    const tokens = workspace.slice(0, begin);
    while (begin < workspace.length) {
      if (!beginsLookup(workspace[begin])) {
        tokens.push(workspace[begin++]);
        continue;
      }
      const lookup = readLookup(workspace, begin);
      const result = yield* this.#lookUp(lookup);
      if (result === undefined) return undefined;
      for (const token of result) tokens.push(token);
      begin = lookup.end;
    }
    return tokens;
  }

  *#lookUp({ map: name, key, args, fallback }: LookupText): Step<Tokens | undefined> {
    const map = this.#program.map(name);
    if (map === undefined) {
      this.#context.message(`rewrite: map ${name} not found`);
      return fallback ?? key;
    }
    const { operators, blankSub } = this.#program;
    const text = catAddress(key, operators, blankSub);
    const texts = args.map((each) => catAddress(each, operators, blankSub));
    const answer = map.lookup(text, texts, this.#lookupContext());
    const result = isPromise(answer) ? yield answer : answer;
    this.#traceLookup(name, text, texts, result);
    if (result.kind === "found") return result.value === "" ? [] : this.#tokenise(result.value);
    if (result.kind === "tempfail") {
      this.#status = result.status;
      this.#reason = result.reason;
    }
    return fallback ?? key;
  }

  #lookupContext(): LookupContext {
    const { scope, deferred } = this.#context;
    return {
      scope,
      deferred,
      expand: (text) => expandMacros(text, scope),
      message: (text) => this.#context.message(text),
    };
  }

  /** `$>name` and everything after it; what stands before stays in front of the result. */
  *#calls(workspace: Tokens, depth: number): Step<Tokens> {
    return (yield* this.#call(workspace, depth)) ?? workspace;
  }

  /** Undefined when a ruleset that is called does not exist: then the text stays as it is. */
  *#call(workspace: Tokens, depth: number): Step<Tokens | undefined> {
    const at = workspace.indexOf(CALL);
    const name = workspace[at + 1];
    if (at === -1 || name === undefined) return workspace;
    const argument = yield* this.#call(workspace.slice(at + 2), depth);
    if (argument === undefined) return undefined;
    const reading = this.#program.rulesets.find(name.replaceAll('"', ""));
    if (reading.number === undefined) {
      for (const { text } of reading.problems) this.#context.message(text);
      return this.#fail(EX.CONFIG, `Unknown ruleset ${name}`);
    }
    const result = yield* this.ruleset(reading.number, argument, depth + 1);
    return at === 0 ? result : [...workspace.slice(0, at), ...result];
  }

  #fail(status: ExitCode, message: string): undefined {
    this.#status = status;
    this.#context.message(message);
    return undefined;
  }

  #print(text: string): void {
    this.#program.trace?.print(text);
  }

  #traced(level: number): boolean {
    const { trace } = this.#program;
    return trace !== undefined && trace.level(21) >= level;
  }

  #traceStep(name: string, step: "  input" | "returns", tokens: Tokens): void {
    if (this.#program.trace?.testMode || this.#traced(1)) this.#print(printStep(name, step, tokens));
  }

  #traceTry(rule: Rule): void {
    if (!this.#traced(12)) return;
    const line = this.#traced(15) ? ` (line ${rule.at.line})` : "";
    this.#print(`-----trying rule${line}: ${printRule(rule).lhs.join(" ")}`);
  }

  #traceArgument(index: number, workspace: Tokens, { start, end }: Span): void {
    if (!this.#traced(15)) return;
    // The original shows where each token lies in memory; here it is the place in the workspace.
    const shown = workspace
      .slice(start, end)
      .map((token, i) => ` 0x${(start + i).toString(16).padStart(8, "0")}="${printable(token)}"`);
    this.#print(`$${index}:${shown.join("")}`);
  }

  #traceLookup(name: string, key: string, args: readonly string[], result: LookupResult): void {
    const level = this.#program.trace?.level(60) ?? 0;
    if (level < 1) return;
    const shown = level < 5 ? "" : [key, ...args].map((text, i) => `, %${i}=${text}`).join("");
    const value = result.kind === "found" ? result.value : "NOT FOUND";
    const status = result.kind === "tempfail" ? result.status : EX.OK;
    this.#print(`map_lookup(${name}, ${key}${shown}) => ${value} (${status}), ad=0`);
  }
}
