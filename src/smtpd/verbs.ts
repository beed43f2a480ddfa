/** The commands of the server. What is not here is "Command unrecognized". */
import type { MaybeAnswer } from "./answer.ts";
import { auth } from "./auth.ts";
import { bdat } from "./bdat.ts";
import type { Conversation } from "./conversation.ts";
import { data } from "./data.ts";
import { ehlo, helo, lhlo } from "./ehlo.ts";
import { etrn } from "./etrn.ts";
import { help, noop, notImplemented, openProxy, quit, rset, verb } from "./housekeeping.ts";
import { mail } from "./mail.ts";
import { rcpt } from "./rcpt.ts";
import { starttls } from "./starttls.ts";
import { expn, vrfy } from "./vrfy-expn.ts";
import { xclient } from "./xclient.ts";

/** @param argument text after the command word; `line` the whole line */
export type Verb = (session: Conversation, argument: string, line: string) => MaybeAnswer;

export const verbs: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ["HELO", helo],
  ["EHLO", ehlo],
  ["LHLO", lhlo],
  ["XCLIENT", xclient],
  ["MAIL", mail],
  ["RCPT", rcpt],
  ["DATA", data],
  ["BDAT", bdat],
  ["RSET", rset],
  ["NOOP", noop],
  ["QUIT", quit],
  ["HELP", help],
  ["VERB", verb],
  ["VRFY", vrfy],
  ["EXPN", expn],
  ["ETRN", etrn],
  ["STARTTLS", starttls],
  ["AUTH", auth],
  ["SEND", notImplemented],
  ["SAML", notImplemented],
  ["SOML", notImplemented],
  ["TURN", notImplemented],
  ["GET", openProxy],
  ["POST", openProxy],
  ["PUT", openProxy],
  ["HEAD", openProxy],
  ["OPTIONS", openProxy],
  ["CONNECT", openProxy],
]);

/** "mail FROM:<a@b>" is MAIL with what follows. */
export function readCommand(text: string): { readonly word: string; readonly argument: string } {
  const line = text.trimStart();
  const blank = line.search(/[ \t]/);
  if (blank < 0) return { word: line.toUpperCase(), argument: "" };
  return { word: line.slice(0, blank).toUpperCase(), argument: line.slice(blank + 1).trim() };
}

/** What a client that was refused asks for in spite of it counts as a bad command, as by sendmail. */
export function isRefusedWork(word: string): boolean {
  return refusedWork.has(word);
}

const refusedWork: ReadonlySet<string> = new Set([
  "MAIL",
  "RCPT",
  "DATA",
  "BDAT",
  "AUTH",
  "STARTTLS",
  "SEND",
  "SAML",
  "SOML",
  "TURN",
]);
