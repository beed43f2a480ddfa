/** STARTTLS (RFC 3207). Offered only when a certificate is configured; the library upgrades the socket. */
import type { Answer } from "./answer.ts";
import { signOut } from "./auth.ts";
import type { Conversation } from "./conversation.ts";
import { offersTls } from "./ehlo.ts";
import { replies } from "./replies.ts";

export function starttls(session: Conversation, argument: string): Answer {
  if (session.refusal !== undefined) return session.refusal;
  if (argument !== "") return replies.noParameters;
  if (session.secure) return replies.tlsActive;
  if (!session.features.offersTls) return replies.tlsOff;
  if (!offersTls(session)) return replies.tlsUnavailable;
  return { reply: replies.startTls, begin: () => handshake(session) };
}

/** What a handshake takes of our time, ms: it is done where nobody watches it. */
const HANDSHAKE_FEE = 2;

function handshake(session: Conversation): Promise<void> {
  const { scope } = session;
  // What the client said before the handshake counts no more (RFC 3207 §4.2).
  session.introduced(undefined, false);
  signOut(session);
  scope.set("s", scope.get("client_name"));
  session.abuse.reset();
  session.visit.share.charge(HANDSHAKE_FEE);
  return session.startTls((cipher) => {
    scope.set("tls_version", cipher?.version);
    scope.set("cipher", cipher?.name);
    scope.set("verify", "NO");
  });
}
