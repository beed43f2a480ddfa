/** ETRN (RFC 1985): a host that was away asks for its mail. */
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { hasPrivacy } from "./ehlo.ts";
import { printable, replies } from "./replies.ts";
import type { SmtpSession } from "./session.ts";

export function etrn(session: SmtpSession, argument: string, line: string): MaybePromise<void> {
  if (session.refusal !== undefined) return session.reply(session.refusal);
  if (hasPrivacy(session, "noetrn") || session.port.modifiers.has("E"))
    return session.reply(replies.notImplemented(line));
  if (argument === "") return session.reply(replies.argumentRequired);
  return whenReady(session.router.check("check_etrn", [argument], session.scope), (verdict) => {
    const refusal = session.refusalOf(verdict);
    if (refusal !== undefined) {
      session.logRejection("check_etrn", argument, refusal);
      return session.refuse(refusal);
    }
    // "@domain" asks for the subdomains too, "#group" for a queue group.
    const waiting = session.services.startQueueRun(argument.replace(/^[@#]/, ""));
    const node = printable(argument);
    return session.reply(waiting > 0 ? replies.queueRun(node) : replies.queueEmpty(node));
  });
}
