/**
 * One call of the compiled engine: what the generated functions read, ask and report.
 *
 * A look-up that has to wait ends the run by throwing its promise up to the engine, which starts the run again when
 * the answer is there. Everything that came from outside so far, answers of maps and values of macros, is in a log and
 * is taken from it the second time: the run comes to the same place in the same state, and nothing is asked, set or said
 * twice. That keeps generated functions plain and synchronous, and costs nothing until something waits.
 */
import type { Location } from "../../source/location.ts";
import { isPromise } from "../../sys/maybe-promise.ts";
import { EX } from "../../sys/sysexits.ts";
import type { ExitCode } from "../../sys/sysexits.ts";
import { LIMITS } from "../limits.ts";
import type { LookupContext, LookupMap, LookupResult } from "../lookup-map.ts";
import { expandMacros } from "../macro-text.ts";
import type { RewriteContext } from "../rewriter.ts";

/** Thrown by a look-up that waits. */
export class Waiting {
  readonly answer: Promise<LookupResult>;

  constructor(answer: Promise<LookupResult>) {
    this.answer = answer;
  }
}

type Outside = LookupResult | string | undefined;

export class Run {
  /** How deep rulesets have called each other. */
  depth = 0;
  /** Calls of rulesets so far; look-ups count too. */
  calls = 0;
  /** What the ruleset that has ended last leaves behind. */
  status: ExitCode = EX.OK;
  /** What the rule that has fired last leaves behind. */
  ruleStatus: ExitCode = EX.OK;
  /** Of the look-up that failed last. */
  reason: string | undefined;
  /** Of the rule that made a triple last. */
  decidedAt: Location | undefined;
  readonly #context: RewriteContext;
  readonly #log: Outside[] = [];
  #at = 0;
  #said = 0;
  #sayNow = 0;
  #lookupContext: LookupContext | undefined;

  constructor(context: RewriteContext) {
    this.#context = context;
  }

  /** Begins again, with the answer that was waited for. */
  restart(answer: LookupResult): void {
    this.#log.push(answer);
    this.#at = 0;
    this.#sayNow = 0;
    this.depth = 0;
    this.calls = 0;
    this.status = EX.OK;
    this.ruleStatus = EX.OK;
    this.reason = undefined;
    this.decidedAt = undefined;
  }

  message(text: string): void {
    if (++this.#sayNow <= this.#said) return;
    this.#said = this.#sayNow;
    this.#context.message(text);
  }

  macro(name: string): string | undefined {
    if (this.#at < this.#log.length) return this.#log[this.#at++] as string | undefined;
    const value = this.#context.scope.get(name);
    this.#log.push(value);
    this.#at++;
    return value;
  }

  lookUp(map: LookupMap, key: string, args: readonly string[]): LookupResult {
    this.calls += LIMITS.lookUp;
    if (this.#at < this.#log.length) return this.#log[this.#at++] as LookupResult;
    const answer = map.lookup(key, args, (this.#lookupContext ??= this.#makeLookupContext()));
    if (isPromise(answer)) throw new Waiting(answer);
    this.#log.push(answer);
    this.#at++;
    return answer;
  }

  #makeLookupContext(): LookupContext {
    const { scope, deferred } = this.#context;
    return {
      scope,
      deferred,
      expand: (text) => expandMacros(text, scope),
      // Maps speak once, when they are asked: not through message(), which counts what a repeated run says again.
      message: (text) => this.#context.message(text),
    };
  }
}
