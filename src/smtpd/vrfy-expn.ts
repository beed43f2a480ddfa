/** VRFY and EXPN (RFC 5321 §3.5): who somebody is, who is on a list. */
import { type Reply, reply } from "../mail/reply.ts";
import type { Triple } from "../envelope/recipient.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { about, printable, replies } from "./replies.ts";
import { logJudgement } from "./session-log.ts";
import type { SmtpSession } from "./session.ts";

export function vrfy(session: SmtpSession, argument: string): MaybePromise<void> {
  session.askedForMail = true;
  if (session.refusal !== undefined) return session.reply(session.refusal);
  if (session.privacy.has("novrfy")) return session.reply(replies.cannotVerify);
  if (session.helo === undefined && session.privacy.has("needvrfyhelo"))
    return session.reply(replies.introduceYourself);
  return verify(session, "check_vrfy", argument, (triple) =>
    reply(250, "2.1.5", `<${fullAddress(session, argument, triple)}>`),
  );
}

export function expn(session: SmtpSession, argument: string): MaybePromise<void> {
  session.askedForMail = true;
  if (session.refusal !== undefined) return session.reply(session.refusal);
  if (session.privacy.has("noexpn")) return session.reply(replies.verifyRefused);
  if (session.helo === undefined && session.privacy.has("needexpnhelo"))
    return session.reply(replies.introduceYourself);
  return verify(session, "check_expn", argument, (triple) =>
    whenReady(session.services.expand(session.site, triple, session.scope), (members) => {
      if (members === undefined) return reply(250, "2.1.5", `<${fullAddress(session, argument, triple)}>`);
      return reply(250, "2.1.5", ...members.map((member) => `<${printable(member)}>`));
    }),
  );
}

function verify(
  session: SmtpSession,
  ruleset: string,
  argument: string,
  answer: (triple: Triple) => MaybePromise<Reply>,
): MaybePromise<void> {
  if (argument === "") return session.reply(replies.argumentRequired);
  const shown = printable(argument);
  return whenReady(session.router.check(ruleset, [argument], session.scope), (verdict) => {
    const refusal = session.refusalOf(verdict);
    if (refusal !== undefined) {
      logJudgement(session, ruleset, [argument], verdict, refusal);
      return session.refuse(refusal);
    }
    return whenReady(session.router.resolve(argument, session.scope), (resolution) => {
      if (resolution.kind === "error" || resolution.kind === "tempfail") {
        return session.reply(about(shown, resolution.reply));
      }
      if (resolution.kind === "discard") return session.reply(replies.cannotVerify);
      const { triple } = resolution;
      return whenReady(session.services.acceptRecipient(session.site, triple, session.scope), (unknown) => {
        if (unknown !== undefined) return session.reply(about(shown, unknown));
        return whenReady(answer(triple), (text) => session.reply(text));
      });
    });
  });
}

function fullAddress(session: SmtpSession, argument: string, triple: Triple): string {
  const address = printable(argument.replace(/^<|>$/g, ""));
  return address.includes("@") || triple.host !== "" ? address : `${address}@${session.hostName}`;
}
