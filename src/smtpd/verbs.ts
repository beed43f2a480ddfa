/** The commands of the server. What is not here is "Command unrecognized". */
import type { MaybeAnswer } from "./answer.ts";
import { bdat } from "./bdat.ts";
import type { Conversation } from "./conversation.ts";
import { data } from "./data.ts";
import { ehlo, helo } from "./ehlo.ts";
import { etrn } from "./etrn.ts";
import { auth, help, noop, notImplemented, openProxy, quit, rset, verb } from "./housekeeping.ts";
import { mail } from "./mail.ts";
import { rcpt } from "./rcpt.ts";
import { starttls } from "./starttls.ts";
import { expn, vrfy } from "./vrfy-expn.ts";

/** @param argument text after the command word; `line` the whole line */
export type Verb = (session: Conversation, argument: string, line: string) => MaybeAnswer;

export const verbs: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ["HELO", helo],
  ["EHLO", ehlo],
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
