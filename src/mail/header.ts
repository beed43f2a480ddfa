/**
 * Header fields of a message (RFC 5322 §2.2), kept as the sender wrote them.
 *
 * The octets of the value are latin1 code units; folding stays inside the value as CRLF followed by white space,
 * so that an untouched field is relayed octet for octet.
 */
export interface HeaderField {
  /** Field name as written, without the colon. */
  readonly name: string;
  /** Everything after the colon, usually beginning with a blank; without the final CRLF. */
  readonly value: string;
  /**
   * Mailer flags, one of which the mailer must have for this field to be sent: the `?DF?` of an H line, kept in the
   * queue. Absent: always sent.
   */
  readonly flags?: string;
}
