/** The client's side of TLS, for tests of our server: a handshake on a dialogue's socket, or before its greeting. */
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { SmtpDialogue } from "./smtp-dialogue.ts";

/** The handshake on the socket of a dialogue, which then goes on inside TLS. */
export function handshake(
  client: SmtpDialogue,
  options: ConnectionOptions = {},
  keepTicket?: (session: Buffer) => void,
): Promise<TLSSocket> {
  const plain = client.socket;
  plain.removeAllListeners("data");
  return new Promise((resolve, reject) => {
    const secure: TLSSocket = connect({ socket: plain, rejectUnauthorized: false, ...options }, () => {
      client.replaceSocket(secure);
      resolve(secure);
    });
    secure.once("error", reject);
    if (keepTicket !== undefined) secure.once("session", keepTicket);
  });
}
