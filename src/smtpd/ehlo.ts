/** HELO and EHLO (RFC 5321 §4.1.1.1): who the client says it is, and what we offer. */
import { reply } from "../mail/reply.ts";
import { replies } from "./replies.ts";
import type { SmtpSession } from "./session.ts";

export function helo(session: SmtpSession, argument: string): void {
  hello(session, "HELO", argument);
}

export function ehlo(session: SmtpSession, argument: string): void {
  hello(session, "EHLO", argument);
}

/** Names longer than this have no place in a Received: field. */
const LONGEST_NAME = 255;

function hello(session: SmtpSession, verb: "HELO" | "EHLO", argument: string): void {
  // Nobody can know what we offer before we said it: this client only throws its lines at us (transaction stuffing).
  if (session.hasMore && offered(session, "F")) return session.finish(replies.protocolError);
  const bogusAllowed = session.config.options.flag("AllowBogusHELO");
  if (argument === "" && !bogusAllowed) return session.reply(replies.heloNeedsName(verb));
  const name = bogusAllowed ? argument.split(/[ \t]/, 1)[0] : argument;
  // eslint-disable-next-line no-control-regex
  if (name.length > LONGEST_NAME || /[\x00-\x20<>()\x7f-\xff]/.test(name)) return session.reply(replies.invalidName);
  session.helo = name;
  session.isEsmtp = verb === "EHLO";
  session.endTransaction();
  session.scope.set("s", name);
  session.scope.set("r", protocol(session));
  const greeting = `${session.hostName} Hello ${session.relay}, pleased to meet you`;
  return session.reply(reply(250, undefined, greeting, ...(session.isEsmtp ? offers(session) : [])));
}

/** $r: SMTP or ESMTP, S for TLS. */
function protocol(session: SmtpSession): string {
  return `${session.isEsmtp ? "E" : ""}SMTP${session.secure ? "S" : ""}`;
}

/** True unless srv_features took the letter away (its upper case). */
export function offered(session: SmtpSession, letter: string): boolean {
  return !session.features.includes(letter.toUpperCase());
}

export function offersTls(session: SmtpSession): boolean {
  const { settings, secure, port } = session;
  return settings.tlsConfigured && !secure && !port.modifiers.has("S") && offered(session, "S");
}

function offers(session: SmtpSession): string[] {
  const { options } = session.config;
  const limit = options.number("MaxMessageSize");
  const list: (readonly [string, boolean])[] = [
    ["ENHANCEDSTATUSCODES", true],
    ["PIPELINING", offered(session, "P")],
    ["EXPN", !session.privacy.has("noexpn") && offered(session, "X")],
    ["VERB", !session.privacy.has("noverb") && offered(session, "B")],
    ["8BITMIME", !/^s/i.test(options.text("EightBitMode"))],
    ["CHUNKING", true],
    [limit > 0 ? `SIZE ${limit}` : "SIZE", true],
    ["DSN", !session.privacy.has("noreceipts") && offered(session, "D")],
    ["SMTPUTF8", options.flag("SmtpUTF8")],
    ["ETRN", !session.privacy.has("noetrn") && !session.port.modifiers.has("E") && offered(session, "E")],
    ["STARTTLS", offersTls(session)],
    ["HELP", true],
  ];
  return list.filter(([, offer]) => offer).map(([keyword]) => keyword);
}
