/** The log lines of a session, in sendmail's words: analysers and fail2ban read them. */
import { shorten } from "../log/safe-text.ts";
import { printable } from "../mail/printable.ts";
import type { PeerFacts } from "../tls/peer-facts.ts";
import type { Conversation } from "./conversation.ts";

/** Level 15: every line of both sides. Ask log.enabled(15) first. */
export function logTraffic(session: Conversation, direction: "<--" | "-->", text: string): void {
  session.services.log.write(15, { priority: "info", text: `${direction} ${text}` });
}

/** Level 5: a client that gives commands only to find something out. */
export function logProbing(session: Conversation, command: string, count: number): void {
  session.services.log.write(5, {
    priority: "info",
    text: `${session.relay}: possible SMTP attack: command=${command}, count=${count}`,
  });
}

/** Level 9: somebody has shown who he is. */
export function logLogin(session: Conversation, user: string, mechanism: string): void {
  const { services, relay } = session;
  const text = `AUTH=server, relay=${relay}, authid=${shorten(user)}, mech=${mechanism}, bits=0`;
  services.log.write(9, { priority: "info", text });
}

/** What the SASL library says of a wrong name or password, with its number. */
const BAD_LOGIN = "authentication failure (-13) SASL(-13)";

/**
 * Level 5: a wrong name or password. The words between the colons are those that fail2ban's filter sendmail-auth looks for;
 * it takes no commas in front of user=. logwatch looks for the number of the SASL library.
 */
export function logAuthFailure(session: Conversation, mechanism: string, user: string, reason: string): void {
  const why = `authentication failure: ${reason.replaceAll(/[,:]/g, " ")}`;
  const text = `AUTH failure (${mechanism}): ${BAD_LOGIN}: ${why}, user=${shorten(user)}, relay=${session.relay}`;
  session.services.log.write(5, { priority: "warning", text });
}

/** Level 5: a line of the exchange that is no base64; it may hold a password all the same, so it is not shown. */
export function logAuthBadBase64(session: Conversation): void {
  const text = `AUTH decode64 error, relay=${session.relay}`;
  session.services.log.write(5, { priority: "warning", text });
}

/** Level 5: a client that has failed often begins more attempts than it is given time for. */
export function logAuthTooOften(session: Conversation): void {
  session.services.log.write(5, { priority: "warning", text: `AUTH too often, relay=${session.relay}` });
}

/** Level 1: nobody could be asked about a password. */
export function logAuthUnavailable(session: Conversation, mechanism: string, reason: string): void {
  const text = `AUTH (${mechanism}): nobody can be asked: ${reason}, relay=${session.relay}`;
  session.services.log.write(1, { priority: "err", text });
}

/** Level 1: a client that does what no mail server does, and is hung up on. */
export function logAttack(session: Conversation, how: string): void {
  session.services.log.write(1, { priority: "notice", text: `${session.relay}: possible SMTP attack: ${how}` });
}

/** Level 1: the program failed, not the client. */
export function logFault(session: Conversation, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  session.services.log.write(1, { priority: "crit", text: `SYSERR: ${text.replaceAll("\n", " ")}` });
}

/** Levels 9 and 11: a handshake is done, and with whom. */
export function logEncryption({ relay, services: { log } }: Conversation, facts: PeerFacts): void {
  if (!log.enabled(9)) return;
  const { version, verify, cipher, cipherBits, algorithmBits, verifyMessage, certificate } = facts;
  const strength = `version=${version}, verify=${verify}, cipher=${cipher}, bits=${cipherBits}/${algorithmBits}`;
  log.write(9, { priority: "info", text: `STARTTLS=server, relay=${relay}, ${strength}` });
  if (!log.enabled(11)) return;
  const names = `cert-subject=${certificate?.subject ?? ""}, cert-issuer=${certificate?.issuer ?? ""}`;
  log.write(11, { priority: "info", text: `STARTTLS=server, ${names}, verifymsg=${verifyMessage}` });
}

/** Level 5. */
export function logFailedHandshake({ relay, services: { log } }: Conversation, reason: string): void {
  const text = `STARTTLS=server, error: accept failed=-1, reason=${printable(reason)}, relay=${relay}`;
  log.write(5, { priority: "warning", text });
}

/** Level 2: nothing came for too long. */
export function logTimeout(session: Conversation, during: string): void {
  session.services.log.write(2, {
    priority: "notice",
    text: `timeout waiting for input from ${session.relay} during ${during}`,
  });
}

/** Level 2: a client went away with a transaction open. */
export function logLoss(session: Conversation, state: string, reason: string): void {
  if (session.transaction === undefined) return;
  session.services.log.write(2, {
    priority: "notice",
    text: `lost input channel from ${session.relay} to ${session.port.name} after ${state.toLowerCase()}: ${reason}`,
  });
}

/** Level 5: VRFY or EXPN where PrivacyOptions says no. */
export function logRejected({ services, relay }: Conversation, command: string, argument: string): void {
  services.log.write(5, { priority: "info", text: `${relay}: ${command} ${shorten(argument)} [rejected]` });
}

/** Level 5: the session is over and was not about mail. */
export function logIdleSession(session: Conversation): void {
  if (!session.services.log.enabled(5)) return;
  session.services.log.write(5, {
    priority: "info",
    text: `${session.relay} did not issue MAIL/EXPN/VRFY/ETRN during connection to ${session.port.name}`,
  });
}
