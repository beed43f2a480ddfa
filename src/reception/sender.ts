/** The sender of a message: where the address leads, and what the judges say about it. */
import { aboutMailbox, type Reply } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { MailRules } from "../routing/mail-rules.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { type Court, judge } from "./judges.ts";
import type { Transaction } from "./transaction.ts";

/**
 * @param shown the address as it was said, with angle brackets
 * @param parameters as they were said
 * @returns why the sender is refused, or undefined
 */
export function admitSender(
  court: Court,
  transaction: Transaction,
  shown: string,
  parameters?: readonly string[],
): MaybePromise<Reply | undefined> {
  const { announced, site, scope } = transaction;
  scope.set("mail_from", shown);
  return whenReady(resolveSender(site.rules, announced.sender, shown, scope), (bad) => {
    if (bad !== undefined) return aboutMailbox(shown, bad);
    const telling = { answer: (each: Reply) => aboutMailbox(shown, each) };
    const outcome = judge(court, "mail", transaction, { path: shown, parameters }, telling);
    return whenReady(outcome, (decided) => (decided.kind === "out" ? decided.reply : undefined));
  });
}

/** {mail_mailer}, {mail_host}, {mail_addr}: where the sender's address leads. An address that leads nowhere is refused. */
export function resolveSender(
  rules: MailRules,
  address: string,
  shown: string,
  scope: MacroScope,
): MaybePromise<Reply | undefined> {
  if (address === "") {
    scope.set("mail_addr", "<>");
    return undefined;
  }
  // Rulesets take a bare `@` for nobody, as which they write the null path; `<@>` is no address.
  const asked = address.startsWith("@") && shown.startsWith("<") ? `<${address}>` : address;
  return whenReady(rules.resolve(asked, scope, undefined, "sender"), (resolution) => {
    if (resolution.kind === "triple") {
      scope.set("mail_mailer", resolution.triple.mailer);
      scope.set("mail_host", resolution.triple.host);
      scope.set("mail_addr", resolution.triple.user);
    }
    // Nobody could answer a sender that ruleset 0 refuses; what it cannot tell now is asked again when mail goes there.
    return resolution.kind === "error" ? resolution.reply : undefined;
  });
}
