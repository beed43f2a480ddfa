/**
 * One message on its way: who sent it, who gets it, its header fields and what is known about its body. Plain data;
 * the body itself is behind `MessageReader`.
 */
import type { HeaderField } from "../mail/header.ts";
import type { DeliverBy } from "./deliver-by.ts";
import type { Recipient } from "./recipient.ts";

/** An address as it stands between < and > in MAIL or RCPT (RFC 5321 §4.1.2); "" is the null reverse-path. */
export type Path = string;

export interface Envelope {
  /** Queue id. */
  readonly id: string;
  readonly sender: Path;
  /** Append-only: a recipient keeps its index for life; expansion adds children at the end. */
  readonly recipients: readonly Recipient[];
  /** Complete header (Received:, Date:, Message-Id: added) in the order it is sent. */
  readonly headers: readonly HeaderField[];
  /** Octets of the body in its stored form (CRLF lines), without header and separating empty line. */
  readonly bodySize: number;
  /** True when the body has octets above 127. */
  readonly eightBit: boolean;
  /** BODY= of MAIL (RFC 6152). */
  readonly bodyType?: "7BIT" | "8BITMIME";
  readonly smtputf8: boolean;
  /** ENVID= and RET= (RFC 3461), ENVID still in xtext. */
  readonly envid?: string;
  readonly ret?: "FULL" | "HDRS";
  /** AUTH= of MAIL (RFC 4954), still in xtext. */
  readonly auth?: string;
  /** BY= of MAIL (RFC 2852). */
  readonly deliverBy?: DeliverBy;
  /** REQUIRETLS of MAIL (RFC 8689): encrypted on all of its way, or not at all. */
  readonly requireTls?: true;
  /** Milliseconds since the epoch. */
  readonly arrived: number;
  /** Macros that later steps need ($r, $s, $_, {client_addr}, {auth_type} ...), names without braces. */
  readonly macros: Readonly<Record<string, string>>;
  /** This message is itself a report (DSN): a failure of it goes to DoubleBounceAddress, never back. */
  readonly isReport: boolean;
  /** Message class from Precedence:, enters the priority. */
  readonly messageClass: number;
  /** Reason, when quarantined. */
  readonly quarantined?: string;
  /** When the "still not delivered" warning went out, in ms since the epoch. */
  readonly warnedAt?: number;
}
