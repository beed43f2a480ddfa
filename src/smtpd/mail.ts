/** MAIL (RFC 5321 §4.1.1.2): a sender, its parameters, and what check_mail says about them. */
import type { Reply } from "../mail/reply.ts";
import { reply } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { Verdict } from "../routing/verdict.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { type EsmtpParameter, isEightBit, readPath } from "./path.ts";
import { about, replies } from "./replies.ts";
import type { Transaction } from "./services.ts";
import { logJudgement } from "./session-log.ts";
import type { SmtpSession } from "./session.ts";

export function mail(session: SmtpSession, argument: string): MaybePromise<void> {
  session.askedForMail = true;
  const tooEarly = order(session);
  if (tooEarly !== undefined) return session.reply(tooEarly);
  const path = readPath(argument, "FROM");
  if (path.kind === "refused") return session.reply(path.reply);
  const parameters = readParameters(session, path.parameters);
  if ("code" in parameters) return session.reply(parameters);
  if (!parameters.smtputf8 && isEightBit(path.address)) return session.reply(replies.needsUtf8(path.shown));
  const storage = session.services.storageProblem(session.site);
  if (storage !== undefined) return session.reply(replies.storage(storage));
  const scope = session.scope.child([["f", path.address]]);
  const transaction: Transaction = {
    ...parameters,
    sender: path.address,
    shownSender: path.shown,
    recipients: [],
    scope,
    badRecipients: 0,
    discard: session.verdict.kind === "discard",
    quarantined: session.verdict.kind === "quarantine" ? session.verdict.reason : undefined,
  };
  return whenReady(resolveSender(session, path.address, scope), (bad) => {
    if (bad !== undefined) return session.refuse(about(path.shown, bad));
    const verdict = session.router.check("check_mail", [path.shown], scope);
    return whenReady(verdict, (answer) => judged(session, transaction, answer));
  });
}

function order(session: SmtpSession): Reply | undefined {
  if (session.refusal !== undefined) return session.refusal;
  if (session.helo === undefined && session.privacy.has("needmailhelo")) return replies.sayHello;
  return session.transaction === undefined ? undefined : replies.twoSenders;
}

function judged(session: SmtpSession, transaction: Transaction, verdict: Verdict): void {
  const { shownSender } = transaction;
  const refusal = session.refusalOf(verdict);
  if (refusal !== undefined) {
    const answer = about(shownSender, refusal);
    logJudgement(session, "check_mail", [shownSender], verdict, answer);
    return session.refuse(answer);
  }
  logJudgement(session, "check_mail", [shownSender], verdict);
  if (verdict.kind === "discard") transaction.discard = true;
  if (verdict.kind === "quarantine") transaction.quarantined = verdict.reason;
  session.transaction = transaction;
  return session.reply(replies.senderOk(shownSender));
}

/** {mail_mailer}, {mail_host}, {mail_addr}: where the sender's address leads. An address that leads nowhere is refused. */
function resolveSender(session: SmtpSession, address: string, scope: MacroScope): MaybePromise<Reply | undefined> {
  if (address === "") {
    scope.set("mail_addr", "<>");
    return undefined;
  }
  return whenReady(session.router.resolve(address, scope), (resolution) => {
    if (resolution.kind === "triple") {
      scope.set("mail_mailer", resolution.triple.mailer);
      scope.set("mail_host", resolution.triple.host);
      scope.set("mail_addr", resolution.triple.user);
    }
    // Nobody could answer a sender that ruleset 0 refuses; what it cannot tell now is asked again when mail goes there.
    return resolution.kind === "error" ? resolution.reply : undefined;
  });
}

type MailParameters = Pick<Transaction, "bodyType" | "smtputf8" | "envid" | "ret" | "auth" | "declaredSize">;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Reads one parameter into the transaction; returns the reply that refuses it. */
type ParameterReader = (
  value: string | null,
  into: Writable<MailParameters>,
  session: SmtpSession,
) => Reply | undefined;

const readers: ReadonlyMap<string, ParameterReader> = new Map<string, ParameterReader>([
  ["SIZE", readSize],
  ["BODY", readBody],
  ["RET", readRet],
  ["ENVID", readEnvid],
  ["AUTH", readAuth],
  ["SMTPUTF8", readSmtpUtf8],
]);

function readParameters(session: SmtpSession, parameters: readonly EsmtpParameter[]): MailParameters | Reply {
  const result: Writable<MailParameters> = { smtputf8: false };
  for (const { keyword, value } of parameters) {
    const refusal = readers.get(keyword)?.(value, result, session) ?? unknown(keyword);
    if (refusal !== undefined) return refusal;
  }
  return result;
}

function unknown(keyword: string): Reply | undefined {
  return readers.has(keyword) ? undefined : replies.badParameter(keyword);
}

function readSize(value: string | null, into: Writable<MailParameters>, session: SmtpSession): Reply | undefined {
  if (value === null) return reply(501, "5.5.2", "SIZE requires a value");
  // What is no number is no announcement.
  const size = /^[0-9]+$/.test(value) ? Number(value) : 0;
  if (!Number.isSafeInteger(size)) return replies.hugeSize;
  const limit = session.config.options.number("MaxMessageSize");
  if (limit > 0 && size > limit) return replies.tooBig(limit);
  into.declaredSize = size;
  return undefined;
}

function readBody(value: string | null, into: Writable<MailParameters>): Reply | undefined {
  if (value === null) return reply(501, "5.5.2", "BODY requires a value");
  const type = value.toUpperCase();
  if (type !== "7BIT" && type !== "8BITMIME") return reply(501, "5.5.4", `Unknown BODY type ${value}`);
  into.bodyType = type;
  return undefined;
}

function readRet(value: string | null, into: Writable<MailParameters>): Reply | undefined {
  if (value === null) return reply(501, "5.5.2", "RET requires a value");
  if (into.ret !== undefined) return reply(501, "5.5.0", "Duplicate RET parameter");
  const ret = value.toUpperCase();
  if (ret !== "FULL" && ret !== "HDRS") return reply(501, "5.5.2", `Bad argument "${value}" to RET`);
  into.ret = ret;
  return undefined;
}

function readEnvid(value: string | null, into: Writable<MailParameters>): Reply | undefined {
  if (value === null) return reply(501, "5.5.2", "ENVID requires a value");
  if (into.envid !== undefined) return reply(501, "5.5.0", "Duplicate ENVID parameter");
  if (!isXtext(value)) return reply(501, "5.5.4", "Syntax error in ENVID parameter value");
  into.envid = value;
  return undefined;
}

function readAuth(value: string | null, into: Writable<MailParameters>): Reply | undefined {
  if (value === null) return reply(501, "5.5.2", "AUTH= requires a value");
  if (!isXtext(value)) return reply(501, "5.5.4", "Syntax error in AUTH parameter value");
  into.auth = value;
  return undefined;
}

function readSmtpUtf8(value: string | null, into: Writable<MailParameters>, session: SmtpSession): Reply | undefined {
  if (!session.config.options.flag("SmtpUTF8")) return replies.badParameter("SMTPUTF8");
  if (value !== null) return reply(501, "5.5.4", "SMTPUTF8 takes no value");
  into.smtputf8 = true;
  return undefined;
}

/** RFC 3461 §4: printable octets except "+" and "=", and "+" with two upper-case hex digits. */
export function isXtext(value: string): boolean {
  return /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/.test(value);
}
