/** STARTTLS (RFC 3207). Offered only when a certificate is configured; the library upgrades the socket. */
import { offersTls } from "./ehlo.ts";
import { replies } from "./replies.ts";
import type { SmtpSession } from "./session.ts";

export function starttls(session: SmtpSession, argument: string): Promise<void> | void {
  if (session.refusal !== undefined) return session.reply(session.refusal);
  if (argument !== "") return session.reply(replies.parameterSyntax(argument));
  if (session.secure) return session.reply(replies.tlsActive);
  if (!offersTls(session)) return session.reply(replies.tlsUnavailable);
  session.reply(replies.startTls);
  // What the client said before the handshake counts no more (RFC 3207 §4.2).
  session.helo = undefined;
  session.isEsmtp = false;
  session.scope.set("s", session.client.name);
  session.abuse.reset();
  // The reply has to leave before the handshake begins on the same socket.
  session.flush();
  return new Promise((resolve) => {
    session.upgrade(resolve, () => {
      const cipher = session.tlsOptions === false ? undefined : session.tlsOptions;
      session.scope.set("tls_version", cipher?.version);
      session.scope.set("cipher", cipher?.name);
      session.scope.set("verify", "NO");
    });
  });
}
