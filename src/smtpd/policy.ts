/** Check rulesets about what a client asks for outside of a message: check_vrfy, check_expn, check_etrn. */
import type { Reply } from "../mail/reply.ts";
import { askRuleset } from "../reception/ruleset-judges.ts";
import { logJudged } from "../routing/log-verdict.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { Conversation } from "./conversation.ts";

/** @returns the refusal, or undefined */
export function refusedBy(
  { whole, services, relay, site }: Conversation,
  ruleset: string,
  argument: string,
): MaybePromise<Reply | undefined> {
  return whenReady(askRuleset(whole, ruleset, [argument]), (verdict) => {
    // There is no message that could be thrown away or put aside; that a rule wanted it is written down.
    logJudged(services.log, site.config, { ruleset, args: verdict.about ?? [], relay, verdict });
    return verdict.kind === "refuse" || verdict.kind === "defer" ? verdict.reply : undefined;
  });
}
