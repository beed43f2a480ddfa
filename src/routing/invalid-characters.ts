/** Octets that an address may not hold: controls, and those that are metasymbols inside rules. */

export interface InvalidAddress {
  /** In sendmail's words. */
  readonly message: string;
  /** The address with a question mark for each of them. */
  readonly cleaned: string;
}

/** Undefined when the address is fine. */
export function invalidCharacters(address: string): InvalidAddress | undefined {
  const found = /[\0-\x08\x0e-\x1f\x7f-\x9f\xff]/.exec(address);
  if (!found) return undefined;
  const kind = found[0] > "\x7f" ? "8-bit" : "non-printable";
  const shown = address
    .replace(/[\0-\x1f\x7f-\x9f\xff]/g, "?")
    .replace(/[\xa0-\xfe]/g, (octet) => String.fromCharCode(octet.charCodeAt(0) & 0x7f));
  return {
    message: `Syntax error in mailbox address "${shown}" (${kind} character)`,
    cleaned: address.replace(/[\0-\x08\x0e-\x1f\x7f-\x9f\xff]/g, "?"),
  };
}
