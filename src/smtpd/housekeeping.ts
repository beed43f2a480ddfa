/** The small commands: RSET NOOP QUIT HELP VERB, those that are none of SMTP, and those that RFC 5321 has given up. */
import { replies } from "./replies.ts";
import type { SmtpSession } from "./session.ts";

export function rset(session: SmtpSession): void {
  session.endTransaction();
  session.reply(replies.reset);
}

export function noop(session: SmtpSession): void {
  session.reply(replies.ok);
}

export function quit(session: SmtpSession): void {
  session.finish(replies.goodbye(session.hostName));
}

export function help(session: SmtpSession): void {
  session.reply(replies.noHelp(session.scope.get("v") ?? ""));
}

export function verb(session: SmtpSession): void {
  session.reply(session.privacy.has("noverb") ? replies.verbRefused : replies.verbose);
}

/** No mechanism is offered. */
export function auth(session: SmtpSession, argument: string): void {
  const mechanism = argument.split(/[ \t]/, 1)[0];
  session.reply(mechanism === "" ? replies.argumentRequired : replies.noMechanism(mechanism));
}

/** A web browser or scanner that was talked into speaking to us: its next lines are not for us. */
export function openProxy(session: SmtpSession): void {
  session.finish(replies.openProxy(session.hostName, session.relay));
}

export function notImplemented(session: SmtpSession, _argument: string, line: string): void {
  session.reply(replies.notImplemented(line));
}
