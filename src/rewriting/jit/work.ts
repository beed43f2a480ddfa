/**
 * Pieces of work that the rulesets did lately: several runs with macros set between them, and what was made of it (an address
 * through canonify, parse and the sets of its mailer). They are remembered as single runs are (memory.ts): what the runs
 * asked is asked again, in the same order; where something answers otherwise the work is done again, and its runs get the
 * answers that are known by then.
 */
import { isPromise, type MaybePromise } from "../../sys/maybe-promise.ts";
import { HeardContext } from "../heard-context.ts";
import type { MacroScope } from "../macro-scope.ts";
import type { RewriteContext } from "../rewriter.ts";
import type { Tokens } from "../tokens.ts";
import { LatelyAsked } from "./lately-asked.ts";
import { isSame, type Remembered } from "./memory.ts";
import { askAgain, type Again } from "./run.ts";

interface MacroSet {
  readonly name: string;
  readonly value: string | undefined;
}

type Step = Remembered | MacroSet;

interface Done {
  readonly steps: readonly Step[];
  readonly result: unknown;
}

/** So many pieces of work are kept, 2 to 3.5 KB each: a relayed message has three that are about its recipient. */
const KEPT = 2048;
/** Longer names and works are not kept. */
const LONGEST_KEY = 1024;
const MOST_QUESTIONS = 128;

/** A work that is done again: its steps up to the first run that is answered otherwise have been taken already. */
class Retold {
  readonly #steps: readonly Step[];
  readonly #otherwise: Again;
  #at = 0;

  /** @param steps the last of them is the run that is answered otherwise */
  constructor(steps: readonly Step[], otherwise: Again) {
    this.#steps = steps;
    this.#otherwise = otherwise;
  }

  run(ruleset: number, workspace: Tokens): Remembered | Again | undefined {
    const step = this.#steps[this.#at++];
    if (step === undefined || !("questions" in step) || !isRun(step, ruleset, workspace)) return undefined;
    return this.#at === this.#steps.length ? this.#otherwise : step;
  }

  /** True when the macro was set before; what was asked behind it may have set it again. */
  hasSet(name: string, value: string | undefined): boolean {
    const step = this.#steps[this.#at];
    if (step === undefined || "questions" in step || step.name !== name || step.value !== value) return false;
    this.#at++;
    return true;
  }
}

function isRun(run: Remembered, ruleset: number, workspace: Tokens): boolean {
  return run.ruleset === ruleset && isSame(run.input, workspace);
}

export class WorkMemory {
  readonly #done = new LatelyAsked<Done>(KEPT);
  /** Steps of the work that is being written down, while it is done; it is done without a wait. */
  #steps: Step[] | undefined;
  #retold: Retold | undefined;

  /** True while what runs come to is written down. */
  get listens(): boolean {
    return this.#steps !== undefined;
  }

  /** What is known about the next run of a work that is done again. */
  retold(ruleset: number, workspace: Tokens): Remembered | Again | undefined {
    return this.#retold?.run(ruleset, workspace);
  }

  /** A run of the work that is being written down; undefined: it waits, or has said something, and cannot be told again. */
  heard(run: Remembered | undefined): void {
    if (run === undefined) this.#steps = undefined;
    else this.#steps?.push(run);
  }

  setMacro(scope: MacroScope, name: string, value: string | undefined): void {
    if (this.#retold?.hasSet(name, value) !== true) scope.set(name, value);
    this.#steps?.push({ name, value });
  }

  remember<T>(
    key: string,
    context: RewriteContext,
    work: (context: RewriteContext) => MaybePromise<T>,
  ): MaybePromise<T> {
    const known = key.length > LONGEST_KEY ? undefined : this.#done.find(key);
    if (known === undefined || this.#steps !== undefined || this.#retold !== undefined) return work(context);
    if (known === false) return this.#writeDown(key, context, work);
    for (const [index, step] of known.steps.entries()) {
      if (!("questions" in step)) context.scope.set(step.name, step.value);
      else {
        const again = askAgain(step, context);
        if ("run" in again) {
          this.#retold = new Retold(known.steps.slice(0, index + 1), again);
          return this.#writeDown(key, context, work);
        }
      }
    }
    return known.result as T;
  }

  #writeDown<T>(
    key: string,
    context: RewriteContext,
    work: (context: RewriteContext) => MaybePromise<T>,
  ): MaybePromise<T> {
    const steps: Step[] = [];
    const heard = new HeardContext(context);
    this.#steps = steps;
    try {
      const result = work(heard);
      const isWhole = this.#steps === steps && !isPromise(result) && heard.said === undefined;
      if (isWhole && questionsIn(steps) <= MOST_QUESTIONS) this.#done.keep(key, { steps: steps.slice(), result });
      return result;
    } finally {
      this.#steps = undefined;
      this.#retold = undefined;
    }
  }
}

function questionsIn(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => sum + ("questions" in step ? step.questions.length : 0), 0);
}
