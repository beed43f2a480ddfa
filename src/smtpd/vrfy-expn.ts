/** VRFY and EXPN (RFC 5321 §3.5): who somebody is, who is on a list. */
import { printable } from "../mail/printable.ts";
import { quotedProgram } from "../mail/quoted-program.ts";
import { splitRecipients } from "../mail/recipient-list.ts";
import { aboutMailbox, type Reply, reply } from "../mail/reply.ts";
import type { Triple } from "../envelope/recipient.ts";
import type { ListAnswer, Member } from "../routing/list-members.ts";
import { refusalOf } from "../routing/refusal.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { MaybeAnswer } from "./answer.ts";
import type { Conversation } from "./conversation.ts";
import { refusedBy } from "./policy.ts";
import { replies } from "./replies.ts";
import { logRejected } from "./session-log.ts";

export function vrfy(session: Conversation, argument: string): MaybeAnswer {
  session.aboutMail();
  const { privacy } = session.settings;
  if (session.refusal !== undefined) return session.refusal;
  if (privacy.has("novrfy")) return rejected(session, "VRFY", argument, replies.cannotVerify);
  if (session.helo === undefined && privacy.has("needvrfyhelo")) return replies.introduceYourself;
  return verify(session, VRFY, argument, (given, triple) => session.services.member(session.site, given, triple));
}

export function expn(session: Conversation, argument: string): MaybeAnswer {
  session.aboutMail();
  const { privacy } = session.settings;
  if (session.refusal !== undefined) return session.refusal;
  if (!session.features.offersExpn) return rejected(session, "EXPN", argument, replies.verifyRefused);
  if (session.helo === undefined && privacy.has("needexpnhelo")) return replies.introduceYourself;
  return verify(session, EXPN, argument, (given, triple) =>
    session.services.expand(session.site, given, triple, session.scope),
  );
}

function rejected(session: Conversation, command: string, argument: string, answer: Reply): Reply {
  logRejected(session, command, argument);
  return answer;
}

/** `unsure`: the code when a mailer does not say that the address is one (RFC 5321 §3.5.3, F=q). */
const VRFY = { ruleset: "check_vrfy", unsure: 252 } as const;
const EXPN = { ruleset: "check_expn", unsure: 250 } as const;

/** Every address of the argument, which may be a list as on the command line. The first that cannot be is the answer. */
async function verify(
  session: Conversation,
  { ruleset, unsure }: typeof VRFY | typeof EXPN,
  argument: string,
  ask: (given: string, triple: Triple) => MaybePromise<ListAnswer>,
): Promise<Reply> {
  if (argument === "") return replies.argumentRequired;
  const refusal = await refusedBy(session, ruleset, argument);
  if (refusal !== undefined) return refusal;
  const { site, scope } = session;
  const lines = new Set<string>();
  const told: string[] = [];
  let code: number = 250;
  for (const given of splitRecipients(argument, site.config.options.flag("OldStyleHeaders"))) {
    const shown = printable(given);
    const resolution = await site.rules.resolve(given, scope);
    if (resolution.kind === "error" || resolution.kind === "tempfail") return aboutMailbox(shown, resolution.reply);
    if (resolution.kind === "discard") return replies.cannotVerify;
    const { triple } = resolution;
    const unknown = await refusalOf(site, triple, scope);
    if (unknown !== undefined) return aboutMailbox(shown, unknown);
    const answer = await ask(given, triple);
    if (answer.kind === "refused") return aboutMailbox(printable(answer.address), answer.reply);
    if (session.isVerbose) told.push(...(answer.told ?? []).map(printable));
    for (const member of answer.members) {
      lines.add(memberLine(session, member));
      if (!member.isSure) code = unsure;
    }
  }
  if (lines.size === 0) return replies.argumentRequired;
  return { ...reply(code, "2.1.5", ...lines), ...(told.length === 0 ? {} : { told }) };
}

/** `Ann Ann <ann@mail.example.test>` */
function memberLine({ settings }: Conversation, { given, isLocal, fullName }: Member): string {
  const bare = printable(quotedProgram(given.replace(/^[^<]*<([^<>]*)>[^<>]*$/, "$1")));
  const address = bare.includes("@") || !isLocal ? bare : `${bare}@${settings.hostName}`;
  return fullName === "" ? `<${address}>` : `${printable(fullName)} <${address}>`;
}
