/**
 * What came of one attempt at an encrypted session with a mail server, as reports about TLS count it (RFC 8460). Whoever
 * sends mail tells; whoever collects reports listens. Nothing here is stored or sent.
 */

/** Kinds of policies (RFC 8460 §4.2): DANE, MTA-STS, or none that was found. */
export type TlsPolicyType = "tlsa" | "sts" | "no-policy-found";

/** What can be wrong (RFC 8460 §4.3). */
export type TlsFailureType =
  | "starttls-not-supported"
  | "certificate-host-mismatch"
  | "certificate-expired"
  | "certificate-not-trusted"
  | "validation-failure"
  | "tlsa-invalid"
  | "dnssec-invalid"
  | "dane-required"
  | "sts-policy-fetch-error"
  | "sts-policy-invalid"
  | "sts-webpki-invalid";

/** The policy that held for the session. */
export interface TlsPolicyFacts {
  readonly type: TlsPolicyType;
  /** Lines of the MTA-STS policy, or TLSA records as text ("3 1 1 5a9c..."); none without a policy. */
  readonly strings: readonly string[];
  /** The domain that has the policy: that of MTA-STS, or the TLSA base domain without `_port._tcp`; else the next hop. */
  readonly domain: string;
  /** Patterns of MTA-STS. */
  readonly mxHosts: readonly string[];
}

export interface TlsSessionEvent {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The next hop: domain of the recipients, in lower case. Reports go to whom its `_smtp._tls` record names. */
  readonly domain: string;
  readonly policy: TlsPolicyFacts;
  /** Absent: the session was what the policy wants. Without a policy every encrypted session is. */
  readonly failure?: {
    readonly type: TlsFailureType;
    /** In words, for `failure-reason-code`. */
    readonly reason: string;
  };
  /** Host of the MX record, without final dot; absent when none was asked. */
  readonly receivingMx?: string;
  /** What it said of itself in its greeting. */
  readonly receivingHelo?: string;
  readonly receivingIp?: string;
  /** Our end of the connection. */
  readonly sendingIp?: string;
}

/** Hears of sessions. It must return at once and not throw. */
export interface TlsEventSink {
  tls(event: TlsSessionEvent): void;
}
