/** The small commands: RSET NOOP QUIT HELP VERB, and those that RFC 5321 has given up. */
import { hasPrivacy } from "./ehlo.ts";
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

export function verb(session: SmtpSession, _argument: string, line: string): void {
  session.reply(hasPrivacy(session, "noverb") ? replies.notImplemented(line) : replies.verbose);
}

export function notImplemented(session: SmtpSession, _argument: string, line: string): void {
  session.reply(replies.notImplemented(line));
}
