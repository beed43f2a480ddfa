/** Octets that an address may not hold, as sendmail words it. */

/** The message, or undefined when the address is fine. */
export function invalidCharacters(address: string): string | undefined {
  const found = /[\0-\x08\x0e-\x1f\x7f-\x9f\xff]/.exec(address);
  if (!found) return undefined;
  const shown = address.replace(/[\0-\x1f\x7f-\xff]/g, "?");
  const eight = found[0] > "\x7f";
  return `Syntax error in mailbox address "${shown}" (${eight ? "8-bit" : "non-printable"} character)`;
}
