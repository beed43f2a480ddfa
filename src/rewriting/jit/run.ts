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
import type { MacroScope } from "../macro-scope.ts";
import { expandMacros } from "../macro-text.ts";
import type { RewriteContext, Rewritten } from "../rewriter.ts";
import { type Answer, isSameAnswer, type MapQuestion, type Question, type Remembered } from "./memory.ts";

const NO_ARGUMENTS: readonly string[] = [];
const NOTHING_ASKED = { questions: [], answers: [] };

/** Thrown by a look-up that waits. */
export class Waiting {
  readonly answer: Promise<LookupResult>;

  constructor(answer: Promise<LookupResult>) {
    this.answer = answer;
  }
}

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
  /** What was asked, and what was answered; an answer that is waited for comes later. */
  readonly questions: Question[];
  readonly answers: Answer[];
  #at = 0;
  #said = 0;
  #sayNow = 0;
  #lookups: OwnLookups | undefined;

  /** @param asked and what was answered to it: the run is not to ask that again */
  constructor(
    context: RewriteContext,
    asked: { readonly questions: Question[]; readonly answers: Answer[] } = { questions: [], answers: [] },
  ) {
    this.#context = context;
    this.questions = asked.questions;
    this.answers = asked.answers;
  }

  /** Something was said about this run: about the next one it would have to be said again. */
  get hasSpoken(): boolean {
    return this.#said > 0;
  }

  /** What was asked and answered so far, to be kept: arrays that have grown have room for more, which nobody needs then. */
  asked(): Pick<Remembered, "questions" | "answers"> {
    if (this.questions.length === 0) return NOTHING_ASKED;
    return { questions: this.questions.slice(), answers: this.answers.slice() };
  }

  /** Begins again, with the answer that was waited for. */
  restart(answer: LookupResult): void {
    this.answers.push(answer);
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
    if (this.#at < this.answers.length) return this.answers[this.#at++] as string | undefined;
    const value = this.#context.scope.get(name);
    this.questions.push(name);
    this.answers.push(value);
    this.#at++;
    return value;
  }

  lookUp(map: LookupMap, key: string, args: readonly string[]): LookupResult {
    this.calls += LIMITS.lookUp;
    if (this.#at < this.answers.length) return this.answers[this.#at++] as LookupResult;
    // Before it is asked: should the table change now, what is noted is too old, and the next one asks.
    const question: MapQuestion = {
      map,
      key,
      args: args.length === 0 ? NO_ARGUMENTS : args,
      edition: map.edition?.(),
    };
    this.questions.push(question);
    this.#lookups ??= new OwnLookups(this.#context);
    const answer = map.lookup(key, args, this.#lookups);
    if (isPromise(answer) || answer.kind === "tempfail") question.edition = undefined;
    if (isPromise(answer)) throw new Waiting(answer);
    this.answers.push(answer);
    this.#at++;
    return answer;
  }
}

class OwnLookups implements LookupContext {
  readonly #context: RewriteContext;

  constructor(context: RewriteContext) {
    this.#context = context;
  }

  get scope(): MacroScope {
    return this.#context.scope;
  }

  get deferred(): boolean {
    return this.#context.deferred;
  }

  expand(text: string): string {
    return expandMacros(text, this.#context.scope);
  }

  /** Maps speak once, when they are asked: not through Run.message(), which counts what a repeated run says again. */
  message(text: string): void {
    this.#context.message(text);
  }
}

/** A run that is to go on where an earlier one was answered otherwise, and what it has to wait for, if anything. */
export interface Again {
  readonly run: Run;
  readonly waiting?: Waiting;
}

/**
 * Asks the outside what an earlier run has asked.
 * @returns the result of that run when all answers are the same; else a run that knows the answers so far
 */
export function askAgain(known: Remembered, context: RewriteContext): Again | Rewritten {
  const { questions, answers, result } = known;
  let lookups: OwnLookups | undefined;
  for (let i = 0; i < questions.length; i++) {
    const question = questions[i];
    if (typeof question === "string") {
      const value = context.scope.get(question);
      if (value !== answers[i]) return otherwise(known, context, i, [value]);
    } else if (question.map.constant !== true || question.args.length > 0) {
      const edition = question.map.edition?.();
      if (edition !== undefined && edition === question.edition) continue;
      lookups ??= new OwnLookups(context);
      const answer = question.map.lookup(question.key, question.args, lookups);
      if (isPromise(answer)) {
        const again = otherwise(known, context, i, [], { ...question, edition: undefined });
        return { ...again, waiting: new Waiting(answer) };
      }
      const noted = answer.kind === "tempfail" ? undefined : edition;
      if (!isSameAnswer(answer, answers[i] as LookupResult)) {
        return otherwise(known, context, i, [answer], { ...question, edition: noted });
      }
      question.edition = noted;
    }
  }
  return result;
}

/** @param question one of its own, when it is not answered as before: others know the old answer */
function otherwise(
  { questions, answers }: Remembered,
  context: RewriteContext,
  at: number,
  answer: Answer[],
  question = questions[at],
): Again {
  return {
    run: new Run(context, {
      questions: [...questions.slice(0, at), question],
      answers: [...answers.slice(0, at), ...answer],
    }),
  };
}
