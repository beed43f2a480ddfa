/**
 * Text in quoted-printable or base64 as the octets that it stands for (RFC 2045 §6.7, §6.8), lines with CR LF. Only what can be
 * sent as BODY=8BITMIME (RFC 6152): no NUL, no CR or LF alone, no line of more than 998 octets.
 */

export type TextEncoding = "quoted-printable" | "base64";

/** RFC 5322 §2.1.1, without CR LF. */
const LONGEST_LINE = 998;

/** @returns undefined when it is damaged, or cannot be sent as it is; otherwise whole lines */
export function decodeText(octets: Buffer, encoding: TextEncoding): Buffer | undefined {
  const text = octets.toString("latin1");
  const decoded = encoding === "base64" ? fromBase64(text) : fromQuotedPrintable(text);
  if (decoded === undefined || decoded.includes("\0")) return undefined;
  const lines = decoded.replaceAll("\r\n", "\n").split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (lines.some((line) => line.length > LONGEST_LINE || line.includes("\r"))) return undefined;
  return Buffer.from(lines.map((line) => `${line}\r\n`).join(""), "latin1");
}

function fromBase64(text: string): string | undefined {
  const digits = text.replaceAll(/[ \t\r\n]+/g, "");
  if (digits.length % 4 !== 0 || !/^[A-Za-z\d+/]*={0,2}$/.test(digits)) return undefined;
  return Buffer.from(digits, "base64").toString("latin1");
}

/** Blanks at the end of a line were added on the way (rule 3). */
function fromQuotedPrintable(text: string): string | undefined {
  const joined = text.replaceAll(/[ \t]+(?=\r?\n|$)/g, "").replaceAll(/=\r?\n/g, "");
  // The last line may end softly as well.
  const whole = joined.endsWith("=") ? joined.slice(0, -1) : joined;
  if (/=(?![\dA-F]{2})/i.test(whole)) return undefined;
  return whole.replaceAll(/=([\dA-F]{2})/gi, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
