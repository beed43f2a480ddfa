/** RCPT (RFC 5321 §4.1.1.3): syntax, check_rcpt, where it goes, whether there is such a user. */
import type { Notify, Recipient } from "../envelope/recipient.ts";
import { type Reply, reply } from "../mail/reply.ts";
import type { Resolution } from "../routing/router.ts";
import type { Verdict } from "../routing/verdict.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { isXtext } from "./mail.ts";
import { type EsmtpParameter, isEightBit, readPath } from "./path.ts";
import { about, replies } from "./replies.ts";
import type { Transaction } from "./services.ts";
import { logJudgement } from "./session-log.ts";
import type { SmtpSession } from "./session.ts";

/** BadRcptThrottle: after so many bad recipients each RCPT waits so long, ms. */
const BAD_RECIPIENT_PAUSE = 1000;

export function rcpt(session: SmtpSession, argument: string): MaybePromise<void> {
  if (session.refusal !== undefined) return session.reply(session.refusal);
  const { transaction } = session;
  if (transaction === undefined) return session.reply(replies.needMailBeforeRcpt);
  if (session.message !== undefined) return session.reply(replies.chunksBegun);
  const throttle = session.config.options.number("BadRcptThrottle");
  if (throttle <= 0 || transaction.badRecipients < throttle) return receive(session, transaction, argument);
  return session.pause(BAD_RECIPIENT_PAUSE, () => receive(session, transaction, argument));
}

function receive(session: SmtpSession, transaction: Transaction, argument: string): MaybePromise<void> {
  const path = readPath(argument, "TO");
  if (path.kind === "refused") return session.reply(path.reply);
  const limit = session.config.options.number("MaxRecipientsPerMessage");
  if (limit > 0 && transaction.recipients.length >= limit) return session.reply(replies.tooManyRecipients);
  if (path.address === "") return session.reply(replies.addressRequired(path.shown));
  const parameters = readParameters(path.parameters);
  if ("code" in parameters) return session.reply(parameters);
  if (!transaction.smtputf8 && isEightBit(path.address)) return session.reply(replies.needsUtf8(path.shown));
  const incoming: IncomingRecipient = { ...parameters, shown: path.shown, address: path.address };
  setCounts(transaction);
  const verdict = session.router.check("check_rcpt", [path.shown], transaction.scope);
  return whenReady(verdict, (answer) => judged(session, transaction, incoming, answer));
}

interface RcptParameters {
  readonly notify?: readonly Notify[];
  readonly orcpt?: string;
}

interface IncomingRecipient extends RcptParameters {
  readonly shown: string;
  readonly address: string;
}

function setCounts({ scope, recipients, badRecipients }: Transaction): void {
  scope.set("nrcpts", String(recipients.length));
  scope.set("nbadrcpts", String(badRecipients));
}

function judged(
  session: SmtpSession,
  transaction: Transaction,
  incoming: IncomingRecipient,
  verdict: Verdict,
): MaybePromise<void> {
  const refusal = session.refusalOf(verdict);
  if (refusal !== undefined) {
    const answer = about(incoming.shown, refusal);
    logJudgement(session, "check_rcpt", [incoming.shown], verdict, answer);
    return refuse(session, transaction, answer);
  }
  logJudgement(session, "check_rcpt", [incoming.shown], verdict);
  if (verdict.kind === "discard") transaction.discard = true;
  if (verdict.kind === "quarantine") transaction.quarantined = verdict.reason;
  const resolution = session.router.resolve(incoming.address, transaction.scope);
  return whenReady(resolution, (answer) => resolved(session, transaction, incoming, answer));
}

function resolved(
  session: SmtpSession,
  transaction: Transaction,
  incoming: IncomingRecipient,
  resolution: Resolution,
): MaybePromise<void> {
  const { shown, address, notify, orcpt } = incoming;
  if (resolution.kind === "error" || resolution.kind === "tempfail") {
    return refuse(session, transaction, about(shown, resolution.reply));
  }
  if (resolution.kind === "discard") return accept(session, transaction, shown, { given: address, state: "discarded" });
  const { triple } = resolution;
  const accepted = session.services.acceptRecipient(session.site, triple, transaction.scope);
  return whenReady(accepted, (refusal) => {
    if (refusal !== undefined) return refuse(session, transaction, about(shown, refusal));
    return accept(session, transaction, shown, { given: address, resolved: triple, state: "todo", notify, orcpt });
  });
}

function accept(session: SmtpSession, transaction: Transaction, shown: string, recipient: Recipient): void {
  transaction.recipients.push(recipient);
  session.reply(replies.recipientOk(shown, session.queuesOnly));
}

function refuse(session: SmtpSession, transaction: Transaction, answer: Reply): void {
  transaction.badRecipients++;
  session.refuse(answer);
}

function readParameters(parameters: readonly EsmtpParameter[]): RcptParameters | Reply {
  let notify: readonly Notify[] | undefined;
  let orcpt: string | undefined;
  for (const { keyword, value } of parameters) {
    if (keyword === "NOTIFY") {
      if (value === null) return reply(501, "5.5.2", "NOTIFY requires a value");
      if (notify !== undefined) return reply(501, "5.5.0", "Duplicate NOTIFY parameter");
      const bad = value.split(",").find((word) => !isNotify(word.toUpperCase()));
      if (bad !== undefined) return reply(501, "5.5.4", `Bad argument "${bad}"  to NOTIFY`);
      const words = value.toUpperCase().split(",");
      if (words.includes("NEVER") && words.length > 1) return reply(501, "5.5.4", `Bad argument "NEVER"  to NOTIFY`);
      notify = words.filter(isNotify);
    } else if (keyword === "ORCPT") {
      if (value === null) return reply(501, "5.5.2", "ORCPT requires a value");
      if (orcpt !== undefined) return reply(501, "5.5.0", "Duplicate ORCPT parameter");
      if (!/^[A-Za-z0-9-]+;./.test(value) || !isXtext(value)) {
        return reply(501, "5.5.4", "Syntax error in ORCPT parameter value");
      }
      orcpt = value;
    } else {
      return replies.badParameter(keyword);
    }
  }
  return { notify, orcpt };
}

function isNotify(word: string): word is Notify {
  return word === "NEVER" || word === "SUCCESS" || word === "FAILURE" || word === "DELAY";
}
