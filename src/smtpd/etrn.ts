/** ETRN (RFC 1985): a host that was away asks for its mail. */
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { printable, replies } from "./replies.ts";
import { logJudgement } from "./session-log.ts";
import type { SmtpSession } from "./session.ts";

export function etrn(session: SmtpSession, argument: string): MaybePromise<void> {
  session.askedForMail = true;
  if (session.refusal !== undefined) return session.reply(session.refusal);
  if (session.privacy.has("noetrn") || session.port.modifiers.has("E")) return session.reply(replies.verifyRefused);
  if (argument === "") return session.reply(replies.parameterRequired);
  return whenReady(session.router.check("check_etrn", [argument], session.scope), (verdict) => {
    const refusal = session.refusalOf(verdict);
    if (refusal !== undefined) {
      logJudgement(session, "check_etrn", [argument], verdict, refusal);
      return session.refuse(refusal);
    }
    // "#group" would ask for a queue group; "@domain" asks for the subdomains too.
    if (argument.startsWith("#")) return session.reply(replies.queueUnknown(printable(argument.slice(1))));
    const waiting = session.services.startQueueRun(argument.replace(/^@/, ""));
    const node = printable(argument);
    return session.reply(waiting > 0 ? replies.queueRun(node) : replies.queueEmpty(node));
  });
}
