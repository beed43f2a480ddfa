/** What a check of one identity may say (RFC 7208 §2.6). */
export type SpfCode = "none" | "neutral" | "pass" | "fail" | "softfail" | "temperror" | "permerror";

/** The result of SPF for one identity. */
export interface SpfResult {
  readonly result: SpfCode;
  /** What was checked (RFC 7208 §2.3, §2.4): the name in HELO, or the sender in MAIL. */
  readonly identity: "helo" | "mailfrom";
  /** The domain whose record was asked, in lower case; "" when there was none to ask. */
  readonly domain: string;
  /** The term that decided, as it stands in the record: "-all". */
  readonly term?: string;
  /** Why there is no better result: "more than 10 terms that ask the DNS". For the log. */
  readonly reason?: string;
  /** What the domain wants a refused client to be told (exp=): printable ASCII, at most 400 characters. */
  readonly explanation?: string;
}
