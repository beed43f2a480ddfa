/** SASL messages as lines of SMTP (RFC 4954 §4): base64, "=" for an empty initial response, "*" to cancel. */

/** The octets of a line; undefined when it is no base64. */
export function fromLine(line: string): Buffer | undefined {
  const text = line.trimEnd();
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, "base64");
}

export function toLine(octets: Buffer): string {
  return octets.toString("base64");
}

/** The argument behind the mechanism's name: " BASE64", " =" for nothing, "" when the server speaks first. */
export function initialArgument(octets: Buffer | undefined): string {
  if (octets === undefined) return "";
  return octets.length === 0 ? " =" : ` ${toLine(octets)}`;
}
