/** The ruleset engine as the rest of the server uses it; two engines implement it (decision D4). */
import type { Location } from "../source/location.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { ExitCode } from "../sys/sysexits.ts";
import type { MacroScope } from "./macro-scope.ts";
import type { Tokens } from "./tokens.ts";

/** What one call may see and change. */
export interface RewriteContext {
  readonly scope: MacroScope;
  /** Messages of rewriting itself ("Infinite loop in ruleset ..."): to the terminal in test mode, else to the log. */
  message(text: string): void;
  /** Delivery mode "deferred": no look-ups in maps that carry -D. */
  readonly deferred: boolean;
  /**
   * A value without any token ended the ruleset: in test mode the original has lost the workspace then, and the next
   * ruleset of a list gets nothing. Told by the interpreter only.
   */
  lost?(): void;
}

/** How a ruleset ended. */
export interface Rewritten {
  readonly tokens: Tokens;
  /** 0, or the sysexits status that a look-up, a syntax problem or a limit left behind. */
  readonly status: ExitCode;
  /** Text of the look-up that failed for now, when status is 75. */
  readonly reason?: string;
  /** The rule that made the triple, when `tokens` is one. */
  readonly decidedAt?: Location;
}

export interface Rewriter {
  /** The number of the ruleset of this name ("canonify", "check_rcpt", "3"), or undefined. */
  number(name: string): number | undefined;
  /** True when the ruleset has at least one rule. */
  has(ruleset: number): boolean;
  /** Runs one ruleset over the workspace. Comes at once unless a look-up has to wait. */
  rewrite(ruleset: number, workspace: Tokens, context: RewriteContext): MaybePromise<Rewritten>;
  /**
   * Several runs and what is made of them, as one piece of work: an engine that remembers what it came to asks only what
   * the runs asked, and has the answer when the outside says what it said.
   * @param key names the work and all that it depends on beside macros, maps and the configuration
   * @param work does it: the same runs in the same order for the same key and answers; sets macros by `setMacro` alone,
   *   says nothing but by `context`, and gives what nobody changes
   */
  remember<T>(
    key: string,
    context: RewriteContext,
    work: (context: RewriteContext) => MaybePromise<T>,
  ): MaybePromise<T>;
  /** Sets a macro between two runs of such a work. */
  setMacro(scope: MacroScope, name: string, value: string | undefined): void;
  /** Text to tokens, as typed or received addresses are read (operators of this configuration). */
  tokenise(text: string, context: RewriteContext): Tokens;
  /** Tokens to text, as mailers and look-ups see it: BlankSub between two words. */
  join(tokens: Tokens): string;
}
