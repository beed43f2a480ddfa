/** RCPT (RFC 5321 §4.1.1.3): syntax, check_rcpt, where it goes, whether there is such a user. */
import { type Notify, readNotify } from "../mail/notify.ts";
import { type Reply, reply } from "../mail/reply.ts";
import { isUtf8Address } from "../mail/utf8-address.ts";
import { isXtext } from "../mail/xtext.ts";
import { admitRecipient, type AskedRecipient } from "../reception/recipient.ts";
import type { Transaction } from "../reception/transaction.ts";
import { whenReady } from "../sys/maybe-promise.ts";
import type { MaybeAnswer } from "./answer.ts";
import type { Conversation } from "./conversation.ts";
import { type EsmtpParameter, isEightBit, readPath } from "./path.ts";
import { replies } from "./replies.ts";
import { logAttack } from "./session-log.ts";

/** BadRcptThrottle: after so many bad recipients each RCPT waits so long, ms. */
const BAD_RECIPIENT_PAUSE = 1000;

export function rcpt(session: Conversation, argument: string): MaybeAnswer {
  if (session.refusal !== undefined) return session.refusal;
  const { transaction } = session;
  if (transaction === undefined) return replies.needMailBeforeRcpt;
  if (session.message !== undefined) return replies.chunksBegun;
  if (isHopeless(session, transaction)) {
    logAttack(session, `${transaction.badRecipients} bad recipients`);
    return replies.tooManyBadRecipients(session.settings.hostName);
  }
  const throttle = session.site.config.options.number("BadRcptThrottle");
  if (throttle <= 0 || transaction.badRecipients < throttle) return receive(session, transaction, argument);
  return session.pause(BAD_RECIPIENT_PAUSE, () => receive(session, transaction, argument));
}

/** BadRcptShutdown: so many bad recipients, and of all less than BadRcptShutdownGood per cent good ones. */
function isHopeless({ site }: Conversation, { badRecipients, recipients }: Transaction): boolean {
  const { options } = site.config;
  const limit = options.number("BadRcptShutdown");
  if (limit <= 0 || badRecipients < limit) return false;
  const enough = options.number("BadRcptShutdownGood");
  return enough <= 0 || recipients.length * 100 < enough * (recipients.length + badRecipients);
}

function receive(session: Conversation, transaction: Transaction, argument: string): MaybeAnswer {
  const { site, services } = session;
  const limit = site.config.options.number("MaxRecipientsPerMessage");
  const asked = readRecipient(session, argument, limit > 0 && transaction.recipients.length >= limit);
  if ("code" in asked) {
    // One too many is no bad one.
    if (asked.code >= 500) transaction.badRecipients++;
    return asked;
  }
  return whenReady(admitRecipient(services, transaction, asked), (refusal) => {
    if (refusal !== undefined) return refusal;
    session.visit.share.hope();
    return replies.recipientOk(asked.shown);
  });
}

function readRecipient(session: Conversation, argument: string, isFull: boolean): AskedRecipient | Reply {
  const path = readPath(argument, "TO");
  if (path.kind === "refused") return path.reply;
  const { shown, address } = path;
  if (isFull) return replies.tooManyRecipients;
  if (address === "") return replies.addressRequired(shown);
  const smtputf8 = session.transaction?.announced.smtputf8 === true;
  const parameters = readParameters(session, path.parameters, smtputf8);
  if ("code" in parameters) return parameters;
  if (!smtputf8 && isEightBit(address)) return replies.needsUtf8(shown);
  return { ...parameters, shown, address, ...saidTo(session, path.parameters) };
}

/** As filters, where there are some, want to hear them. */
export function saidTo(
  { whole }: Pick<Conversation, "whole">,
  parameters: readonly EsmtpParameter[],
): { readonly parameters?: readonly string[] } {
  if (whole.filters === undefined) return {};
  return { parameters: parameters.map(({ typed, value }) => (value === null ? typed : `${typed}=${value}`)) };
}

interface RcptParameters {
  readonly notify?: readonly Notify[];
  readonly orcpt?: string;
}

/** RFC 6533 §3: in a transaction with SMTPUTF8 the original recipient may be written with the characters that he has. */
function isUtf8Original(value: string): boolean {
  return /^utf-8;/i.test(value) && isUtf8Address(value);
}

function readParameters(
  session: Conversation,
  parameters: readonly EsmtpParameter[],
  utf8: boolean,
): RcptParameters | Reply {
  let notify: readonly Notify[] | undefined;
  let orcpt: string | undefined;
  for (const { keyword, typed, value } of parameters) {
    if ((keyword === "NOTIFY" || keyword === "ORCPT") && !session.features.offersDsn) return replies.noDsn(keyword);
    if (keyword === "NOTIFY") {
      if (value === null) return reply(501, "5.5.2", "NOTIFY requires a value");
      if (notify !== undefined) return reply(501, "5.5.0", "Duplicate NOTIFY parameter");
      const read = readNotify(value);
      if ("bad" in read) return reply(501, "5.5.4", `Bad argument "${read.bad}"  to NOTIFY`);
      notify = read;
    } else if (keyword === "ORCPT") {
      if (value === null) return reply(501, "5.5.2", "ORCPT requires a value");
      if (orcpt !== undefined) return reply(501, "5.5.0", "Duplicate ORCPT parameter");
      if (!/^[A-Za-z0-9-]+;./.test(value) || !(isXtext(value) || (utf8 && isUtf8Original(value)))) {
        return reply(501, "5.5.4", "Syntax error in ORCPT parameter value");
      }
      orcpt = value;
    } else {
      return replies.badParameter(typed);
    }
  }
  return { notify, orcpt };
}
