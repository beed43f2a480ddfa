/** A reader of MIME of another make than ours: the leaves of a message, decoded. Octets are latin1 strings. */

function decodeQuotedPrintable(text: string): string {
  return text
    .replaceAll(/[ \t]+(?=\r\n|$)/g, "")
    .replaceAll("=\r\n", "")
    .replaceAll(/=([0-9A-F]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** @param encoding in lower case; what is none of quoted-printable and base64 is as it is */
export function decode(encoding: string, text: string): string {
  if (encoding === "base64") return Buffer.from(text, "base64").toString("latin1");
  return encoding === "quoted-printable" ? decodeQuotedPrintable(text) : text;
}

/** The leaves of a body, decoded; header fields of its parts are one line each. */
export function leavesOf(entity: string, type?: string, encoding = ""): string[] {
  const [, boundary] = /boundary="?([^";\r]+)"?/i.exec(type ?? "") ?? [];
  if (/^multipart\//i.test(type ?? "") && boundary !== undefined) {
    const parts = `\r\n${entity}`.split(new RegExp(`\r\n--${boundary}(?:--)?[ \t]*(?=\r\n)`));
    return parts.slice(1, -1).flatMap((part) => leavesOfPart(part.slice(2)));
  }
  if (/^message\/rfc822/i.test(type ?? "")) return leavesOfPart(entity);
  return [decode(encoding, entity)];
}

/** The same of a header and the body behind it. */
export function leavesOfPart(part: string): string[] {
  const end = part.startsWith("\r\n") ? 0 : part.indexOf("\r\n\r\n") + 2;
  const header = part.slice(0, end);
  const field = (name: string) => new RegExp(`^${name}:[ \t]*(.*)\r$`, "im").exec(header)?.[1];
  return leavesOf(part.slice(end + 2), field("content-type"), field("content-transfer-encoding")?.toLowerCase());
}
