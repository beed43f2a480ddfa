/**
 * How a message enters, whoever brings it: an SMTP session, `sendmail -t`, a report of our own. The same steps for
 * all of them: octets in, header read and completed, body to the queue, durable, then delivery.
 */
import type { Envelope } from "../envelope/envelope.ts";
import type { Recipient } from "../envelope/recipient.ts";
import type { Reply } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { Site } from "../site/site.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";

/** What is known when the first octet of the message arrives. */
export interface IncomingEnvelope extends Pick<
  Envelope,
  "sender" | "bodyType" | "smtputf8" | "envid" | "ret" | "auth"
> {
  /** What judges and completes the message; the intake holds it until the message is done with. */
  readonly site: Site;
  /** Accepted recipients, resolved. */
  readonly recipients: readonly Recipient[];
  /**
   * Session macros: $r protocol, $s HELO name, $_ validated client, {client_addr}, {client_name}, {daemon_name},
   * {auth_type} ... They appear in Received: and are saved as {persistentMacros} tells.
   */
  readonly scope: MacroScope;
  /** Where the message comes from, for the log: relay= of the from= line. */
  readonly relay: string;
  /** "MTA" or what Name= of the daemon port says; absent for command line submission. */
  readonly daemon?: string;
  /** Accept everything, deliver nothing (`$#discard`). */
  readonly discard?: boolean;
  readonly quarantined?: string;
  /** MAIL SIZE=, octets, if the client said so. */
  readonly declaredSize?: number;
  /** A report (DSN) of our own. */
  readonly isReport?: boolean;
  /** Local submission: Bcc: is taken out, what is missing in the header is added from these facts. */
  readonly submission?: { readonly fullName?: string; readonly removeBcc: boolean };
}

export interface IncomingMessage {
  readonly id: string;
  /**
   * Octets of the message: header, empty line, body; CRLF lines without dot stuffing, in chunks of any size.
   * The chunk is kept. A promise means: wait before writing more.
   */
  write(chunk: Buffer): MaybePromise<void>;
  /**
   * The end of the message: checks it, makes it durable, starts delivery. Always resolves with the reply to give:
   * 250 2.0.0 ID Message accepted for delivery; 452 when the queue cannot take it; 552 too large; 554 5.4.6 too many
   * hops; 5xx/4xx from header and end-of-message checks.
   */
  finish(): Promise<Reply>;
  /** The sender went away in the middle: drops everything. */
  abort(): void;
}

export interface Intake {
  /** Rejects with QueueUnavailableError when the queue cannot take a message at all. */
  begin(incoming: IncomingEnvelope): MaybePromise<IncomingMessage>;
}
