/** What a connection of the SMTP client is told. */
import { isIP, type Socket } from "node:net";
import type { ConnectionOptions, SecureContext } from "node:tls";

/** Milliseconds for each step. */
export interface SmtpTimeouts {
  readonly greeting: number;
  readonly helo: number;
  readonly lhlo: number;
  readonly starttls: number;
  readonly auth: number;
  readonly mail: number;
  readonly rcpt: number;
  readonly dataInit: number;
  readonly dataBlock: number;
  readonly dataFinal: number;
  readonly rset: number;
  readonly quit: number;
  readonly misc: number;
}

export interface SmtpClientOptions {
  /** Connected socket; the client owns it from now on. */
  readonly socket: Socket;
  /** Name for EHLO. */
  readonly heloName: string;
  /** Name of the server, for SNI; or its address. */
  readonly serverName: string;
  readonly lmtp: boolean;
  /** The server speaks TLS from the first octet (RFC 8314 §3.3). */
  readonly tlsFirst: boolean;
  /** false: greet with HELO only. */
  readonly extended: boolean;
  readonly timeouts: SmtpTimeouts;
}

/** Our side of a handshake. */
export interface HandshakeOptions {
  readonly secureContext?: SecureContext;
  /** What the server gave us the last time: a shorter handshake. */
  readonly session?: Buffer;
}

/** What the handshake is told. Whether the certificate is the right one is another question than whether to encrypt (RFC 7435). */
export function handshakeWith(
  { serverName }: Pick<SmtpClientOptions, "serverName">,
  options: HandshakeOptions,
): ConnectionOptions {
  // An address is no name for SNI (RFC 6066 §3).
  const servername = isIP(serverName) === 0 ? { servername: serverName } : {};
  // Nor whose name it bears: rules ask for that (TLS_Srv:... VERIFY+CN).
  return { ...options, ...servername, rejectUnauthorized: false, checkServerIdentity: () => undefined };
}
