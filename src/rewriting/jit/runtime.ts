/** What generated rulesets call: other rulesets, look-ups, macros, and the ends that a rule can come to. */
import { EX } from "../../sys/sysexits.ts";
import type { ExitCode } from "../../sys/sysexits.ts";
import { foldCase } from "../fold-case.ts";
import { GivenUp } from "../given-up.ts";
import { LIMITS } from "../limits.ts";
import { readLookup } from "../lookup-text.ts";
import type { LookupText } from "../lookup-text.ts";
import { isCall, readCalls } from "../pending-calls.ts";
import { prescan } from "../prescan.ts";
import type { RuleProgram } from "../program.ts";
import { CALL } from "../tokens.ts";
import { generateRuleset } from "./generate-ruleset.ts";
import type { RulesetFunction } from "./generate-ruleset.ts";
import type { Run } from "./run.ts";
import { ACTIVE_BIT, TokenTable, bitsOf, joined } from "../token-table.ts";
import type { Workspace } from "../token-table.ts";

/** Values of macros and maps whose tokens are kept. */
const KEPT = 4_096;

export class Runtime {
  /** In place of a workspace: the ruleset ends, run.ruleStatus says why. */
  readonly FAILED: Workspace = [];
  readonly tokens: TokenTable;
  readonly #program: RuleProgram;
  readonly #functions: (RulesetFunction | undefined)[] = [];
  /** Values, and defaults of look-ups, that have been cut into tokens. */
  readonly #read = { value: new Map<string, Workspace>(), default: new Map<string, Workspace>() };

  constructor(program: RuleProgram) {
    this.#program = program;
    this.tokens = new TokenTable(program.operators, program.rulesets.literals());
  }

  /** A ruleset over a workspace; run.status is how it ended. */
  run(number: number, workspace: Workspace, run: Run): Workspace {
    if (++run.calls > LIMITS.calls) throw new GivenUp(this.#program.rulesets.nameOf(number));
    if (run.depth > LIMITS.recursion) {
      run.calls += LIMITS.tooDeep;
      const name = this.#program.rulesets.nameOf(number);
      run.message(`rewrite: excessive recursion (max ${LIMITS.recursion}), ruleset ${name}`);
      run.status = EX.CONFIG;
      return workspace;
    }
    run.depth++;
    const result = (this.#functions[number] ??= this.#compile(number))(workspace, run);
    run.depth--;
    return result;
  }

  /** As `run`, for a call from a rule: a ruleset without rules is not even entered. */
  call(number: number, workspace: Workspace, run: Run): Workspace {
    if (this.#program.rulesets.get(number)?.size) return this.run(number, workspace, run);
    run.status = EX.OK;
    return workspace;
  }

  bits(workspace: Workspace): number {
    return bitsOf(workspace);
  }

  /** The first status that is not 0 stays, unless a temporary failure comes later. */
  worse(old: ExitCode, more: ExitCode): ExitCode {
    return old === EX.OK || more === EX.TEMPFAIL ? more : old;
  }

  fails(status: ExitCode): boolean {
    return status !== EX.OK && status !== EX.TEMPFAIL;
  }

  unfinished(before: Workspace, result: Workspace): Workspace {
    return [...before, ...result];
  }

  fail(run: Run, status: ExitCode): Workspace {
    run.ruleStatus = status;
    return this.FAILED;
  }

  tooLong(run: Run): Workspace {
    run.message("rewrite: expansion too long");
    return this.fail(run, EX.DATAERR);
  }

  outOfBounds(run: Run, message: string): Workspace {
    run.message(message);
    return this.fail(run, EX.CONFIG);
  }

  infinite(run: Run, message: string): void {
    run.message(message);
  }

  /** Compares the value of `$&x` with the tokens from `at` on: the index after them, or -1. */
  matchMacro(run: Run, name: string, workspace: Workspace, at: number): number {
    if (at >= workspace.length) return -1;
    for (let rest = foldCase(run.macro(name) ?? ""); rest !== ""; at++) {
      const token = workspace[at];
      if (token === undefined || token.folded === "" || !rest.startsWith(token.folded)) return -1;
      rest = rest.slice(token.folded.length);
    }
    return at;
  }

  /** The tokens of `$&x`; FAILED when it has a value and there is no token in it. */
  macro(run: Run, name: string): Workspace {
    return this.#textOf(run.macro(name) ?? "", run) ?? this.fail(run, EX.DATAERR);
  }

  /** The text of some tokens, as an argument of a look-up. */
  text(workspace: Workspace, start: number, end: number): string {
    return joined(workspace, this.#program.blankSub, start, end);
  }

  /**
   * A look-up whose parts the code knows: what is put in its place, null for what stands behind `$:`, or FAILED when the
   * answer has a value and no token in it. Sets run.ruleStatus.
   * @param name of the map; the key are the tokens from `start` to before `end`
   */
  ask(
    run: Run,
    name: string,
    workspace: Workspace,
    start: number,
    end: number,
    args: readonly string[],
  ): Workspace | null {
    run.ruleStatus = EX.OK;
    const map = this.#program.map(name);
    if (map === undefined) {
      run.message(`rewrite: map ${name} not found`);
      return null;
    }
    const key = joined(workspace, map.wordSeparator ?? this.#program.blankSub, start, end);
    const answer = run.lookUp(map, key, args);
    if (answer.kind === "missing") return null;
    if (answer.kind === "tempfail") {
      run.ruleStatus = answer.status;
      run.reason = answer.reason;
      if (answer.value === undefined) return null;
    }
    return this.#textOf(answer.value!, run) ?? this.FAILED;
  }

  /** The default of a look-up. */
  instead(workspace: Workspace, run: Run): Workspace {
    return this.#textOf(joined(workspace, this.#program.blankSub), run, "default") ?? this.FAILED;
  }

  /** A right side whose look-ups are done, and have brought calls. */
  finishCalls(workspace: Workspace, run: Run, status: ExitCode): Workspace {
    const result = this.#calls(workspace, run);
    run.ruleStatus = this.worse(status, run.status);
    return result;
  }

  /** Look-ups and calls in a right side that has been filled in, read as the interpreter reads them. */
  finish(workspace: Workspace, run: Run): Workspace {
    if (workspace.length >= LIMITS.tokens) return this.tooLong(run);
    let status: ExitCode = EX.OK;
    let tokens = workspace;
    let begin = 0;
    let active = false;
    for (; begin < workspace.length; begin++) {
      if ((workspace[begin].bit & ACTIVE_BIT) === 0) continue;
      active = true;
      if (workspace[begin].text[0] !== CALL) break;
    }
    if (!active) return workspace;
    if (begin < workspace.length) {
      tokens = this.#lookUps(workspace, begin, run);
      if (tokens === this.FAILED) return tokens;
      status = run.ruleStatus;
    }
    return this.finishCalls(tokens, run, status);
  }

  /** Sets run.ruleStatus. */
  #lookUps(workspace: Workspace, begin: number, run: Run): Workspace {
    const tokens = workspace.slice(0, begin);
    let status: ExitCode = EX.OK;
    let i = begin;
    while (i < workspace.length) {
      const token = workspace[i];
      if ((token.bit & ACTIVE_BIT) === 0 || token.text[0] === CALL) {
        tokens.push(token);
        i++;
        continue;
      }
      const lookup = readLookup(workspace, i);
      if (lookup === undefined) {
        run.message("rewrite: missing mapname");
        return this.fail(run, EX.OK);
      }
      run.ruleStatus = EX.OK;
      const found = this.#lookUp(lookup, run);
      if (found === undefined) return this.fail(run, EX.DATAERR);
      status = this.worse(status, run.ruleStatus);
      for (let k = 0; k < found.length; k++) tokens.push(found[k]);
      i = lookup.end;
    }
    run.ruleStatus = status;
    return tokens;
  }

  #lookUp({ map, key, args, fallback }: LookupText, run: Run): Workspace | undefined {
    const texts = args.map((each) => this.text(each, 0, each.length));
    const found = this.ask(run, map, key, 0, key.length, texts) ?? (fallback ? this.instead(fallback, run) : key);
    return found === this.FAILED ? undefined : found;
  }

  /** Sets run.status. */
  #calls(given: Workspace, run: Run): Workspace {
    run.status = EX.OK;
    if (!given.some(isCall)) return given;
    const { tokens, calls, sound } = readCalls(given, {
      rulesets: this.#program.rulesets,
      hasRules: (ruleset) => this.#hasRules(ruleset),
      token: (text) => this.tokens.get(text),
      message: (text) => run.message(text),
    });
    run.status = sound ? EX.OK : EX.CONFIG;
    if (!sound) return tokens;
    let workspace = tokens;
    let status: ExitCode = EX.OK;
    for (let i = calls.length - 1; i >= 0 && !this.fails(status); i--) {
      const { at, ruleset } = calls[i];
      const result = this.run(ruleset, workspace.slice(at + 2), run);
      workspace = at === 0 ? result : this.unfinished(workspace.slice(0, at), result);
      status = this.worse(status, run.status);
    }
    run.status = status;
    return workspace;
  }

  /** Text that is put in, as tokens; undefined when there is text and no token in it. */
  #textOf(text: string, run: Run, kind: "value" | "default" = "value"): Workspace | undefined {
    if (text === "") return [];
    const read = this.#read[kind];
    const known = read.get(text);
    if (known) return known;
    const { operators } = this.#program;
    const { tokens, messages } = prescan(text, { operators, comments: "strip", kind });
    for (const each of messages) run.message(each);
    if (tokens === undefined) return undefined;
    const workspace = this.tokens.workspace(tokens);
    if (messages.length === 0) {
      if (read.size >= KEPT) read.clear();
      read.set(text, workspace);
    }
    return workspace;
  }

  #hasRules(ruleset: number): boolean {
    return (this.#program.rulesets.get(ruleset)?.size ?? 0) > 0;
  }

  #compile(number: number): RulesetFunction {
    const { rulesets } = this.#program;
    return generateRuleset({
      rules: rulesets.get(number)?.rules ?? [],
      name: rulesets.nameOf(number),
      runtime: this,
      classWords: (name) => this.#program.classWords(name),
      // Those without rules are not called: the rule is read each time it fires.
      find: (name) => {
        const found = rulesets.find(name).number;
        return found !== undefined && this.#hasRules(found) ? found : undefined;
      },
    });
  }
}
