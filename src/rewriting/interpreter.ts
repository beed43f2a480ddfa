/**
 * The reference engine: runs rules one by one, as the manual describes them, and can trace every step.
 *
 * It is written as generators that yield a promise where a look-up has to wait. As long as none does, a call runs to
 * its end at once; otherwise it goes on later from exactly where it stands, so that nothing happens twice.
 */
import { isPromise } from "../sys/maybe-promise.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { Location } from "../source/location.ts";
import { EX } from "../sys/sysexits.ts";
import type { ExitCode } from "../sys/sysexits.ts";
import { catAddress } from "./cat-address.ts";
import { GivenUp } from "./given-up.ts";
import { LIMITS } from "./limits.ts";
import { beginsLookup, readLookup } from "./lookup-text.ts";
import type { LookupResult } from "./lookup-map.ts";
import { Matcher } from "./match.ts";
import { Outside } from "./outside.ts";
import { PreparedRules, mayMatch } from "./prepared-rules.ts";
import type { PreparedRule, PreparedRuleset } from "./prepared-rules.ts";
import { type CallReader, isCall, readCalls } from "./pending-calls.ts";
import { prescan } from "./prescan.ts";
import type { RuleProgram } from "./program.ts";
import type { RewriteContext, Rewriter, Rewritten } from "./rewriter.ts";
import type { Replacement, Rule } from "./rule.ts";
import { ACTIVE_BIT, bitsOf, printed, texts } from "./token-table.ts";
import type { Token, Workspace } from "./token-table.ts";
import { CANON_MAILER, printTokens } from "./tokens.ts";
import { noteCalls, printRule, stepHead } from "./trace.ts";
import type { RewriteWatcher } from "./trace.ts";

/** The engine that test mode uses, and that the compiled one is measured against. */
export function createInterpreter(program: RuleProgram): Rewriter {
  const { operators, blankSub, comments = "tokens" } = program;
  let made: PreparedRules | undefined;
  const rules = (): PreparedRules => (made ??= new PreparedRules(program));
  return {
    number: (name) => program.rulesets.number(name),
    has: (ruleset) => (program.rulesets.get(ruleset)?.size ?? 0) > 0,
    rewrite: (ruleset, workspace, context) => {
      const prepared = rules();
      const run = new Run(program, prepared, context);
      return drive(run.ruleset(ruleset, prepared.tokens.workspace(workspace), 0), run);
    },
    remember: (_key, context, work) => work(context),
    setMacro: (scope, name, value) => scope.set(name, value),
    tokenise(text, context) {
      const message = (each: string): void => context.message(each);
      return prescan(text, { operators, comments, trace: program.trace, message }).tokens ?? [];
    },
    join: (tokens) => catAddress(tokens, operators, blankSub),
  };
}

/** How a ruleset, or a part of one, ended. */
interface Outcome {
  /** A rule could not be applied: the ruleset has ended with the workspace as it was before that rule. */
  readonly broken?: true;
  readonly tokens: Workspace;
  readonly status: ExitCode;
}

/** A part of a run: yields what has to be waited for, is resumed with what came of it. */
type Step<T> = Generator<Promise<LookupResult>, T, LookupResult>;

function drive(step: Step<Outcome>, run: Run): MaybePromise<Rewritten> {
  try {
    const next = step.next();
    return next.done ? run.result(next.value) : later(next.value, step, run);
  } catch (thrown) {
    return run.ended(thrown);
  }
}

async function later(first: Promise<LookupResult>, step: Step<Outcome>, run: Run): Promise<Rewritten> {
  let waiting = first;
  for (;;) {
    const answer = await waiting;
    try {
      const next = step.next(answer);
      if (next.done) return run.result(next.value);
      waiting = next.value;
    } catch (thrown) {
      return run.ended(thrown);
    }
  }
}

/** One call of the engine, with all the rulesets that are called from it. */
class Run {
  readonly #program: RuleProgram;
  readonly #prepared: PreparedRules;
  readonly #context: RewriteContext;
  readonly #matcher: Matcher;
  readonly #outside: Outside;
  /** Level of -d21. */
  readonly #level: number;
  readonly #steps: boolean;
  #decidedAt: Location | undefined;
  #calling: CallReader | undefined;
  /** The text that was put in last has no tokens. */
  #nothing = false;
  /** Calls of rulesets so far; look-ups count too. */
  #calls = 0;
  /** Rulesets that have been entered and not left. */
  readonly #open: string[] = [];

  constructor(program: RuleProgram, prepared: PreparedRules, context: RewriteContext) {
    const { trace } = program;
    this.#program = program;
    this.#prepared = prepared;
    this.#context = context;
    this.#level = trace?.level(21) ?? 0;
    this.#steps = trace !== undefined && (trace.testMode || this.#level >= 1);
    this.#outside = new Outside(program, prepared.tokens, context);
    this.#matcher = new Matcher({ scope: context.scope, trace, classWords: (name) => program.classWords(name) });
  }

  result({ tokens, status, broken }: Outcome): Rewritten {
    if (broken && status === EX.DATAERR && this.#nothing) this.#context.lost?.();
    const decidedAt = isTriple(tokens) ? this.#decidedAt : undefined;
    return {
      tokens: texts(tokens),
      status,
      ...(this.#outside.reason === undefined || status !== EX.TEMPFAIL ? {} : { reason: this.#outside.reason }),
      ...(decidedAt === undefined ? {} : { decidedAt }),
    };
  }

  /** How the run ended that threw this. */
  ended(thrown: unknown): Rewritten {
    if (!(thrown instanceof GivenUp)) throw thrown;
    const { message, rewritten } = thrown;
    this.#context.message(message);
    for (let name = this.#open.pop(); name !== undefined; name = this.#open.pop()) {
      if (this.#open.length === 0 && this.#steps) {
        this.#printStep(`${stepHead(name, "returns")} ${printTokens(rewritten.tokens)}`);
      }
      this.#watcher?.leave(rewritten.tokens, rewritten.status);
    }
    return rewritten;
  }

  /** What goes into a ruleset, or comes out; among other output it says what it is. */
  #printStep(line: string): void {
    this.#print(this.#program.trace?.testMode === false ? `rewrite: ruleset ${line}` : line);
  }

  /** A ruleset over a workspace, with the two lines that show what went in and what came out. */
  *ruleset(number: number, workspace: Workspace, depth: number): Step<Outcome> {
    const ruleset = this.#prepared.ruleset(number);
    const { name } = ruleset;
    if (++this.#calls > LIMITS.calls) throw new GivenUp(name);
    if (this.#steps) this.#printStep(ruleset.input + printed(workspace));
    this.#watcher?.enter(number, name, texts(workspace));
    if (depth > LIMITS.recursion) {
      this.#calls += LIMITS.tooDeep;
      this.#context.message(`rewrite: excessive recursion (max ${LIMITS.recursion}), ruleset ${name}`);
      this.#watcher?.leave(texts(workspace), EX.CONFIG);
      return { tokens: workspace, status: EX.CONFIG };
    }
    this.#open.push(name);
    const outcome = yield* this.#rules(ruleset, workspace, depth);
    this.#open.pop();
    if (!outcome.broken && this.#steps) this.#printStep(ruleset.returns + printed(outcome.tokens));
    this.#watcher?.leave(texts(outcome.tokens), outcome.status);
    return outcome;
  }

  *#rules({ rules, name }: PreparedRuleset, workspace: Workspace, depth: number): Step<Outcome> {
    let tokens = workspace;
    let status: ExitCode = EX.OK;
    // A triple is final: no ruleset touches a workspace that begins with one.
    if (isTriple(tokens)) return { tokens, status };
    let bits = bitsOf(tokens);
    for (let index = 0; index < rules.length; index++) {
      const prepared = rules[index];
      // What cannot match is not compared, unless somebody wants to see how it fails.
      if (this.#level < 2 && !mayMatch(prepared, tokens.length, bits)) continue;
      const { rule } = prepared;
      for (let round = 1; ; round++) {
        if (this.#level >= 12) this.#traceTry(rule);
        if (round > LIMITS.rounds) {
          this.#context.message(`Infinite loop in ruleset ${name}, rule ${index + 1}`);
          if (this.#level >= 1) this.#print(`workspace: ${printed(tokens) || " "}`);
          return { tokens, status };
        }
        if (!this.#matcher.match(rule.lhs, tokens)) {
          if (this.#level >= 10) this.#print("----- rule fails");
          break;
        }
        if (this.#level >= 12) this.#print(`-----rule matches: ${printRule(rule).rhs.join(" ")}`);
        this.#watcher?.fired(rule);
        let result = this.#fillIn(prepared, tokens, name);
        if (typeof result === "number") return { tokens, status: result, broken: true };
        bits = bitsOf(result);
        if ((bits & ACTIVE_BIT) !== 0) {
          const finished = yield* this.#finish(rule, result, depth);
          if (typeof finished === "number") return { tokens, status: finished, broken: true };
          result = finished.tokens;
          status = worse(status, finished.status);
          bits = bitsOf(result);
        }
        tokens = result;
        if (prepared.part === "makes") this.#decidedAt = rule.at;
        else if (prepared.part === "hands on") this.#decidedAt ??= rule.at;
        this.#watcher?.rewritten(texts(tokens));
        if (this.#level >= 4) this.#print(`rewritten as:${printed(tokens) || " "}`);
        if (isTriple(tokens) || rule.control === "return") return { tokens, status };
        if (rule.control === "once") break;
      }
    }
    return { tokens, status };
  }

  /** `$1` and `$&x`; a status when the ruleset cannot go on. */
  #fillIn({ rule: { rhs }, constants }: PreparedRule, workspace: Workspace, name: string): Workspace | ExitCode {
    const tokens: Token[] = [];
    for (let i = 0; i < rhs.length; i++) {
      const constant = constants[i];
      if (constant !== undefined) tokens.push(constant);
      else {
        const status = this.#fillOne(tokens, rhs[i], workspace, name);
        if (status !== EX.OK) return status;
      }
      if (tokens.length >= LIMITS.tokens) {
        this.#context.message("rewrite: expansion too long");
        this.#nothing = false;
        return EX.DATAERR;
      }
    }
    return tokens;
  }

  #fillOne(tokens: Token[], each: Replacement, workspace: Workspace, name: string): ExitCode {
    if (each.kind === "macro") {
      const value = this.#outside.macro(each.name);
      this.#nothing = value === undefined;
      if (value === undefined) return EX.DATAERR;
      for (const token of value) tokens.push(token);
    } else if (each.kind === "argument") {
      const { starts, ends, count } = this.#matcher;
      // `$0`, and in damaged rules no number at all.
      if (!(each.index >= 1 && each.index <= count)) {
        this.#context.message(`rewrite: ruleset ${name}: replacement $${each.index} out of bounds`);
        return EX.CONFIG;
      }
      const [start, end] = [starts[each.index - 1], ends[each.index - 1]];
      if (this.#level >= 15) this.#traceArgument(each.index, workspace, start, end);
      for (let i = start; i < end; i++) tokens.push(workspace[i]);
    }
    return EX.OK;
  }

  /** A right side that has been filled in and holds look-ups or calls: first the look-ups, then the calls. */
  *#finish(rule: Rule, filled: Workspace, depth: number): Step<Outcome | ExitCode> {
    const looked = yield* this.#lookUps(filled);
    if (typeof looked === "number") return looked;
    noteCalls(rule);
    const called = yield* this.#callRulesets(looked.tokens, depth);
    return { tokens: called.tokens, status: worse(looked.status, called.status) };
  }

  *#lookUps(workspace: Workspace): Step<Outcome | ExitCode> {
    let begin = workspace.findIndex(beginsLookup);
    let status: ExitCode = EX.OK;
    if (begin === -1) return { tokens: workspace, status };
    const tokens = workspace.slice(0, begin);
    while (begin < workspace.length) {
      if (!beginsLookup(workspace[begin])) {
        tokens.push(workspace[begin++]);
        continue;
      }
      const lookup = readLookup(workspace, begin);
      if (lookup === undefined) {
        this.#context.message("rewrite: missing mapname");
        return EX.OK;
      }
      const question = this.#outside.question(lookup);
      if (question.map) this.#calls += LIMITS.lookUp;
      const asked = this.#outside.ask(question);
      const result = isPromise(asked) ? yield asked : asked;
      const found = this.#outside.answer(question, result);
      this.#nothing = found === undefined;
      if (found === undefined) return EX.DATAERR;
      for (const token of found) tokens.push(token);
      if (result?.kind === "tempfail") status = worse(status, result.status);
      begin = lookup.end;
    }
    return { tokens, status };
  }

  /**
   * `$>name` and everything after it; what stands before stays in front of the result. The last call runs first; when
   * one fails, the calls before it stay in the text.
   */
  *#callRulesets(given: Workspace, depth: number): Step<Outcome> {
    if (!given.some(isCall)) return { tokens: given, status: EX.OK };
    const { tokens, calls, sound } = readCalls(given, (this.#calling ??= this.#callReader()));
    if (!sound) return { tokens, status: EX.CONFIG };
    let workspace = tokens;
    let status: ExitCode = EX.OK;
    for (const { at, ruleset } of calls.toReversed()) {
      const result = yield* this.ruleset(ruleset, workspace.slice(at + 2), depth + 1);
      workspace = at === 0 ? result.tokens : [...workspace.slice(0, at), ...result.tokens];
      status = worse(status, result.status);
      if (status !== EX.OK && status !== EX.TEMPFAIL) break;
    }
    return { tokens: workspace, status };
  }

  #callReader(): CallReader {
    return {
      rulesets: this.#program.rulesets,
      hasRules: (number) => this.#prepared.ruleset(number).rules.length > 0,
      token: (text) => this.#prepared.tokens.get(text),
      message: (text) => this.#context.message(text),
      skipped: (name, number) => {
        if (this.#level >= 3) this.#print(`-----skip subr ${name} (${number})`);
      },
    };
  }

  get #watcher(): RewriteWatcher | undefined {
    return this.#program.trace?.watcher;
  }

  #print(text: string): void {
    this.#program.trace?.print(text);
  }

  #traceTry(rule: Rule): void {
    const line = this.#level >= 15 ? ` (line ${rule.at.line})` : "";
    this.#print(`-----trying rule${line}: ${printRule(rule).lhs.join(" ")}`);
  }

  #traceArgument(index: number, workspace: Workspace, start: number, end: number): void {
    // The original shows where each token lies in memory, here it is the place in the workspace; and octets as they are.
    const shown = workspace
      .slice(start, end)
      .map(({ text }, i) => ` 0x${(start + i).toString(16).padStart(8, "0")}="${text}"`);
    this.#print(`$${index}:${shown.join("")}`);
  }
}

/** The first status that is not 0 stays, unless a temporary failure comes later: that one must not be lost. */
function worse(old: ExitCode, more: ExitCode): ExitCode {
  return old === EX.OK || more === EX.TEMPFAIL ? more : old;
}

function isTriple(workspace: Workspace): boolean {
  return workspace.length > 0 && workspace[0].text === CANON_MAILER;
}
