/** The log lines of a session, in sendmail's words: analysers and fail2ban read them. */
import type { Config } from "../config/config.ts";
import { type Reply, replyText } from "../mail/reply.ts";
import type { Verdict } from "../routing/verdict.ts";
import { formatLocation } from "../source/location.ts";
import { printable } from "./replies.ts";
import type { SmtpSession } from "./session.ts";

/**
 * Level 4: a ruleset refused something. Which rule it was, and where that came from, is in the fields only: the text
 * stays what analysers know.
 */
export function logRejection(
  session: SmtpSession,
  ruleset: string,
  argument: string,
  answer: Reply,
  verdict: Verdict,
): void {
  const { relay, config } = session;
  session.services.log.write(4, {
    priority: "notice",
    text: `ruleset=${ruleset}, arg1=${printable(argument)}, relay=${relay}, reject=${replyText(answer)}`,
    fields: () => ({ ruleset, arg1: argument, relay, reject: replyText(answer), ...ruleFields(config, verdict) }),
  });
}

function ruleFields(config: Config, verdict: Verdict): Readonly<Record<string, string>> {
  if (!("at" in verdict) || verdict.at === undefined) return {};
  const origin = config.originOf(verdict.at);
  return { rule: formatLocation(verdict.at), ...(origin === undefined ? {} : { origin }) };
}

/** Level 15: every line of both sides. Ask log.enabled(15) first. */
export function logTraffic(session: SmtpSession, direction: "<--" | "-->", text: string): void {
  session.services.log.write(15, { priority: "info", text: `${direction} ${text}` });
}

/** Level 5: a client that gives commands only to find something out. */
export function logProbing(session: SmtpSession, command: string): void {
  session.services.log.write(5, {
    priority: "info",
    text: `${session.relay}: possible SMTP attack: command=${command}`,
  });
}

/** Level 1: the program failed, not the client. */
export function logFault(session: SmtpSession, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  session.services.log.write(1, { priority: "crit", text: `SYSERR: ${text.replaceAll("\n", " ")}` });
}

/** Level 2: nothing came for too long. */
export function logTimeout(session: SmtpSession, during: string): void {
  session.services.log.write(2, {
    priority: "notice",
    text: `timeout waiting for input from ${session.relay} during ${during}`,
  });
}

/** Level 2: a client went away with a transaction open. */
export function logLoss(session: SmtpSession, state: string, reason: string): void {
  if (session.transaction === undefined) return;
  session.services.log.write(2, {
    priority: "notice",
    text: `lost input channel from ${session.relay} to ${session.port.name} after ${state.toLowerCase()}: ${reason}`,
  });
}

/** Level 5: the session is over and was not about mail. */
export function logIdleSession(session: SmtpSession): void {
  if (session.askedForMail || !session.services.log.enabled(5)) return;
  session.services.log.write(5, {
    priority: "info",
    text: `${session.relay} did not issue MAIL/EXPN/VRFY/ETRN during connection to ${session.port.name}`,
  });
}
