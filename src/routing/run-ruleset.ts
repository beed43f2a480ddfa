/**
 * One ruleset over one workspace, and whether its rules could be followed to the end.
 *
 * A rule that fires for ever, calls that go too deep, a text too long: the engine says so and stops where it was. Test
 * mode shows what is left in the workspace; mail must not go by it, because nobody meant it. Such an end is a fault here.
 * (A look-up that cannot answer now is none: that is status 75, and the question is asked again later.)
 */
import { type Reply, reply } from "../mail/reply.ts";
import { HeardContext } from "../rewriting/heard-context.ts";
import type { RewriteContext, Rewriter, Rewritten } from "../rewriting/rewriter.ts";
import type { Tokens } from "../rewriting/tokens.ts";
import { whenReady, type MaybePromise } from "../sys/maybe-promise.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";

export interface Ran extends Rewritten {
  /** In the engine's words, "Infinite loop in ruleset parse, rule 3"; absent when the rules did their work. */
  readonly fault?: string;
}

/** What is said of a name that nobody can tell now: status 75, not a fault of rules. */
const NO_ANSWER = /: Name server timeout$/;

export function runRuleset(
  rewriter: Rewriter,
  ruleset: number,
  workspace: Tokens,
  context: RewriteContext,
): MaybePromise<Ran> {
  const listening = new HeardContext(context, isFault);
  return whenReady(rewriter.rewrite(ruleset, workspace, listening), (result) => {
    const fault = faultOf(result.status, listening.said);
    return fault === undefined ? result : { ...result, fault };
  });
}

function isFault(text: string): boolean {
  return !NO_ANSWER.test(text);
}

function faultOf(status: ExitCode, said: string | undefined): string | undefined {
  return said ?? (status === EX.OK || status === EX.TEMPFAIL ? undefined : "Local configuration error");
}

/** How two runs, one after the other, ended together: "later" beats everything, else the first that is bad counts. */
export function worseEnd(first: Ran, second: Ran): Pick<Ran, "status" | "reason" | "fault"> {
  const chosen = second.status === EX.TEMPFAIL || first.status === EX.OK ? second : first;
  const fault = first.fault ?? second.fault;
  return {
    status: chosen.status,
    ...(chosen.reason === undefined ? {} : { reason: chosen.reason }),
    ...(fault === undefined ? {} : { fault }),
  };
}

/** What the client hears, and the sender of mail that was accepted before. */
export function faultReply(fault: string): Reply {
  return reply(554, fault.startsWith("rewrite:") ? "5.0.0" : "5.3.5", fault);
}
