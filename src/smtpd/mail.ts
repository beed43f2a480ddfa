/** MAIL (RFC 5321 §4.1.1.2): a sender, its parameters, and what check_mail says about them. */
import { type Reply, reply } from "../mail/reply.ts";
import { isXtext } from "../mail/xtext.ts";
import { admitSender } from "../reception/sender.ts";
import type { Announcement, Transaction } from "../reception/transaction.ts";
import { isPromise, type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { MaybeAnswer } from "./answer.ts";
import type { Conversation } from "./conversation.ts";
import { isStillSignedIn, signOut } from "./auth.ts";
import { takesEightBits } from "./ehlo.ts";
import { readDeliverBy } from "./deliver-by.ts";
import { type EsmtpParameter, isEightBit, readPath } from "./path.ts";
import { refusedBy } from "./policy.ts";
import { saidTo } from "./rcpt.ts";
import { replies } from "./replies.ts";

export function mail(session: Conversation, argument: string): MaybeAnswer {
  session.aboutMail();
  const tooEarly = order(session);
  if (tooEarly !== undefined) return tooEarly;
  const path = readPath(argument, "FROM");
  if (path.kind === "refused") return path.reply;
  const { address, shown } = path;
  const parameters = readParameters(session, path.parameters);
  if ("code" in parameters) return parameters;
  if (!parameters.smtputf8 && isEightBit(address)) return replies.needsUtf8(shown);
  const storage = session.services.storageProblem(session.site);
  if (storage !== undefined) return replies.storage(storage);
  return whenReady(trustedAuthor(session, parameters.auth), (auth) => {
    const announced: Announcement = { ...parameters, auth, sender: address, isReport: false };
    const macros = [
      ["f", address] as const,
      ["auth_author", auth === "<>" ? undefined : auth] as const,
      ["nrcpts", "0"] as const,
      ["nbadrcpts", "0"] as const,
      ["ntries", "0"] as const,
    ];
    const transaction = session.whole.message(announced, macros);
    return whenReady(reserveId(session, transaction), () => {
      const said = saidTo(session, path.parameters).parameters;
      return whenReady(admitSender(session.services, transaction, shown, said), (refusal) => {
        if (refusal !== undefined) return refusal;
        session.announce(transaction);
        return replies.senderOk(shown);
      });
    });
  });
}

/**
 * Rules, filters and the log are told the queue id ($i) from here on. Where the queue takes nothing now, the answer to DATA
 * says so.
 */
function reserveId({ services: { intake } }: Conversation, transaction: Transaction): MaybePromise<void> {
  if (intake.reserve === undefined) return undefined;
  const reserved = (id: string): void => {
    transaction.id = id;
    transaction.scope.set("i", id);
  };
  try {
    const id = intake.reserve();
    return isPromise(id) ? id.then(reserved).catch(() => undefined) : reserved(id);
  } catch {
    return undefined;
  }
}

function order(session: Conversation): Reply | undefined {
  // Who was disabled meanwhile is nobody any more.
  if (session.login !== undefined && !isStillSignedIn(session)) signOut(session);
  if (session.refusal !== undefined) return session.refusal;
  if (session.helo === undefined && session.settings.privacy.has("needmailhelo")) return replies.sayHello;
  if (session.features.requiresAuth && session.login === undefined) return replies.authRequired;
  return session.transaction === undefined ? undefined : replies.twoSenders;
}

/**
 * AUTH= of MAIL (RFC 4954 §5): who handed the message in, as the client says. Who may not say so is not refused; the author
 * counts as unknown.
 */
function trustedAuthor(session: Conversation, said: string | undefined): MaybePromise<string | undefined> {
  if (said === undefined || said === "<>" || said === "") return said === undefined ? undefined : "<>";
  session.scope.set("auth_author", said);
  return whenReady(refusedBy(session, "trust_auth", said), (refusal) => {
    session.scope.set("auth_author", undefined);
    return refusal === undefined && session.login !== undefined ? said : "<>";
  });
}

type MailParameters = Pick<
  Announcement,
  "bodyType" | "isBinary" | "smtputf8" | "envid" | "ret" | "auth" | "deliverBy" | "requireTls"
>;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Reads one parameter into the transaction; returns the reply that refuses it. */
type ParameterReader = (
  value: string | null,
  into: Writable<MailParameters>,
  session: Conversation,
) => Reply | undefined;

const readers: ReadonlyMap<string, ParameterReader> = new Map<string, ParameterReader>([
  ["SIZE", readSize],
  ["BODY", readBody],
  ["RET", readRet],
  ["ENVID", readEnvid],
  ["AUTH", readAuth],
  ["SMTPUTF8", readSmtpUtf8],
  ["BY", readBy],
  ["REQUIRETLS", readRequireTls],
]);

function readParameters(session: Conversation, parameters: readonly EsmtpParameter[]): MailParameters | Reply {
  const result: Writable<MailParameters> = { smtputf8: false };
  for (const { keyword, typed, value } of parameters) {
    const read = readers.get(keyword);
    if (read === undefined) return replies.badParameter(typed);
    const refusal = read(value, result, session);
    if (refusal !== undefined) return refusal;
  }
  return result;
}

function readSize(value: string | null, _into: unknown, session: Conversation): Reply | undefined {
  if (value === null) return reply(501, "5.5.2", "SIZE requires a value");
  if (/^-[0-9]*[1-9]/.test(value)) return replies.invalidSize;
  // What is no number is no announcement.
  const size = /^[0-9]+$/.test(value) ? Number(value) : 0;
  if (!Number.isSafeInteger(size)) return replies.hugeSize;
  const limit = session.site.config.options.number("MaxMessageSize");
  if (limit > 0 && size > limit) return replies.tooBig(limit);
  return undefined;
}

function readBody(value: string | null, into: Writable<MailParameters>, session: Conversation): Reply | undefined {
  if (value === null) return reply(501, "5.5.2", "BODY requires a value");
  const type = value.toUpperCase();
  into.isBinary = type === "BINARYMIME" && takesEightBits(session.site.config.options);
  if (into.isBinary) into.bodyType = "8BITMIME";
  else if (type === "7BIT" || type === "8BITMIME") into.bodyType = type;
  else return reply(501, "5.5.4", `Unknown BODY type ${value}`);
  return undefined;
}

function readRet(value: string | null, into: Writable<MailParameters>, session: Conversation): Reply | undefined {
  if (!session.features.offersDsn) return replies.noDsn("RET");
  if (value === null) return reply(501, "5.5.2", "RET requires a value");
  if (into.ret !== undefined) return reply(501, "5.5.0", "Duplicate RET parameter");
  const ret = value.toUpperCase();
  if (ret !== "FULL" && ret !== "HDRS") return reply(501, "5.5.2", `Bad argument "${value}" to RET`);
  into.ret = ret;
  return undefined;
}

function readEnvid(value: string | null, into: Writable<MailParameters>, session: Conversation): Reply | undefined {
  if (!session.features.offersDsn) return replies.noDsn("ENVID");
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

function readSmtpUtf8(value: string | null, into: Writable<MailParameters>, session: Conversation): Reply | undefined {
  if (!session.site.config.options.flag("SmtpUTF8")) return replies.badParameter("SMTPUTF8");
  if (value !== null) return reply(501, "5.5.4", "SMTPUTF8 takes no value");
  into.smtputf8 = true;
  return undefined;
}

/** RFC 8689 §4.1: inside TLS alone, where it is offered. */
function readRequireTls(
  value: string | null,
  into: Writable<MailParameters>,
  session: Conversation,
): Reply | undefined {
  if (!session.secure || !session.site.config.options.flag("RequireTLS")) return replies.badParameter("REQUIRETLS");
  if (value !== null) return reply(501, "5.5.4", "REQUIRETLS takes no value");
  into.requireTls = true;
  return undefined;
}

/** Said twice, the last one counts. */
function readBy(value: string | null, into: Writable<MailParameters>, session: Conversation): Reply | undefined {
  const read = readDeliverBy(value, session.site.config.options);
  if (read === undefined) return replies.badParameter("BY");
  if ("code" in read) return read;
  into.deliverBy = read;
  return undefined;
}
