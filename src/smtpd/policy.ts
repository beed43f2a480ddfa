/** Check rulesets about what a client asks for outside of a message: check_vrfy, check_expn, check_etrn, check_other. */
import type { Reply } from "../mail/reply.ts";
import { askRuleset } from "../reception/ruleset-judges.ts";
import { logJudged } from "../routing/log-verdict.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { Conversation } from "./conversation.ts";

/** @returns the refusal, or undefined */
export function refusedBy(
  { whole, services, relay, site }: Conversation,
  ruleset: string,
  ...args: readonly string[]
): MaybePromise<Reply | undefined> {
  return whenReady(askRuleset(whole, ruleset, args), (verdict) => {
    // There is no message that could be thrown away or put aside; that a rule wanted it is written down.
    logJudged(services.log, site.config, { ruleset, args: verdict.about ?? [], relay, verdict });
    return verdict.kind === "refuse" || verdict.kind === "defer" ? verdict.reply : undefined;
  });
}

/** What a client hears of a command that there is not: what check_other says, else the usual reply. */
export function answerToOther(session: Conversation, line: string, usual: Reply): MaybePromise<Reply> {
  const firstDigit = String(usual.code)[0];
  return whenReady(refusedBy(session, "check_other", line, firstDigit), (refusal) => refusal ?? usual);
}
