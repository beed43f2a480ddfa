/** VRFY and EXPN (RFC 5321 §3.5): who somebody is, who is on a list. */
import { printable } from "../mail/printable.ts";
import { aboutMailbox, type Reply, reply } from "../mail/reply.ts";
import type { Triple } from "../envelope/recipient.ts";
import { refusalOf } from "../routing/local-user.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { MaybeAnswer } from "./answer.ts";
import type { Conversation } from "./conversation.ts";
import { refusedBy } from "./policy.ts";
import { replies } from "./replies.ts";

export function vrfy(session: Conversation, argument: string): MaybeAnswer {
  session.aboutMail();
  const { privacy } = session.settings;
  if (session.refusal !== undefined) return session.refusal;
  if (privacy.has("novrfy")) return replies.cannotVerify;
  if (session.helo === undefined && privacy.has("needvrfyhelo")) return replies.introduceYourself;
  return verify(session, "check_vrfy", argument, (triple) =>
    reply(250, "2.1.5", `<${fullAddress(session, argument, triple)}>`),
  );
}

export function expn(session: Conversation, argument: string): MaybeAnswer {
  session.aboutMail();
  const { privacy } = session.settings;
  if (session.refusal !== undefined) return session.refusal;
  if (privacy.has("noexpn")) return replies.verifyRefused;
  if (session.helo === undefined && privacy.has("needexpnhelo")) return replies.introduceYourself;
  return verify(session, "check_expn", argument, (triple) =>
    whenReady(session.services.expand(session.site, triple, session.scope), (members) => {
      if (members === undefined) return reply(250, "2.1.5", `<${fullAddress(session, argument, triple)}>`);
      return reply(250, "2.1.5", ...members.map((member) => `<${printable(member)}>`));
    }),
  );
}

function verify(
  session: Conversation,
  ruleset: string,
  argument: string,
  answer: (triple: Triple) => MaybePromise<Reply>,
): MaybePromise<Reply> {
  if (argument === "") return replies.argumentRequired;
  const { site, scope } = session;
  const shown = printable(argument);
  return whenReady(refusedBy(session, ruleset, argument), (refusal) => {
    if (refusal !== undefined) return refusal;
    return whenReady(site.router.resolve(argument, scope), (resolution) => {
      if (resolution.kind === "error" || resolution.kind === "tempfail") return aboutMailbox(shown, resolution.reply);
      if (resolution.kind === "discard") return replies.cannotVerify;
      const { triple } = resolution;
      return whenReady(refusalOf(site, triple, scope), (unknown) =>
        unknown === undefined ? answer(triple) : aboutMailbox(shown, unknown),
      );
    });
  });
}

function fullAddress({ settings }: Conversation, argument: string, triple: Triple): string {
  const address = printable(argument.replace(/^<|>$/g, ""));
  return address.includes("@") || triple.host !== "" ? address : `${address}@${settings.hostName}`;
}
