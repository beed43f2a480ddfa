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
  const { options } = session.config;
  if (argument === "" && !options.flag("AllowBogusHELO")) return session.reply(replies.heloNeedsName(verb));
  const name = argument.split(/[ \t]/, 1)[0];
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

export function hasPrivacy(session: SmtpSession, ...words: readonly string[]): boolean {
  const set = session.config.options
    .text("PrivacyOptions")
    .toLowerCase()
    .split(/[\s,]+/);
  return words.some((word) => set.includes(word)) || (set.includes("goaway") && words.some(isPartOfGoaway));
}

/** `goaway` stands for these. */
function isPartOfGoaway(word: string): boolean {
  return ["novrfy", "noexpn", "noverb", "needmailhelo", "needexpnhelo", "needvrfyhelo", "nobodyreturn"].includes(word);
}

export function offersTls(session: SmtpSession): boolean {
  const { options } = session.config;
  const configured = options.text("ServerCertFile") !== "" && options.text("ServerKeyFile") !== "";
  return configured && !session.secure && !session.port.modifiers.has("S") && offered(session, "S");
}

function offers(session: SmtpSession): string[] {
  const { options } = session.config;
  const limit = options.number("MaxMessageSize");
  const list: (readonly [string, boolean])[] = [
    ["ENHANCEDSTATUSCODES", true],
    ["PIPELINING", offered(session, "P")],
    ["EXPN", !hasPrivacy(session, "noexpn") && offered(session, "X")],
    ["VERB", !hasPrivacy(session, "noverb") && offered(session, "B")],
    ["8BITMIME", options.text("EightBitMode").toLowerCase() !== "strict"],
    [limit > 0 ? `SIZE ${limit}` : "SIZE", true],
    ["DSN", !hasPrivacy(session, "noreceipts") && offered(session, "D")],
    ["SMTPUTF8", options.flag("SmtpUTF8")],
    ["ETRN", !hasPrivacy(session, "noetrn") && !session.port.modifiers.has("E") && offered(session, "E")],
    ["STARTTLS", offersTls(session)],
    ["HELP", true],
  ];
  return list.filter(([, offer]) => offer).map(([keyword]) => keyword);
}
