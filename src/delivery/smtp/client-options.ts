/** What a connection of the SMTP client is told. */
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";

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
