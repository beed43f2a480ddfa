/**
 * Addresses with characters beyond ASCII, where only ASCII may stand (RFC 6533 §3): `\x{F6}` for a character.
 *
 *     jörg@b.test     j\x{F6}rg@b.test
 *
 * Text of ours is octets, one code unit each: UTF-8 is several of them.
 */

const CHARACTERS = /[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[^\x00-\x7f]/g;
const EMBEDDED = /\\x\{([0-9A-Fa-f]{2,6})\}/g;

/** Only characters of UTF-8, and ASCII that may stand in a parameter of SMTP commands. */
export function isUtf8Address(octets: string): boolean {
  const isText = !/[\x00-\x20\x7f+=]/.test(octets);
  return isText && [...octets.matchAll(CHARACTERS)].every(([found]) => characterOf(found) !== undefined);
}

/** utf-8-addr-xtext: the form that is ASCII. What is in that form already stays. */
export function encodeUtf8Address(octets: string): string {
  return octets.replace(CHARACTERS, (found) => {
    const point = characterOf(found) ?? found.charCodeAt(0);
    return `\\x{${point.toString(16).toUpperCase().padStart(2, "0")}}`;
  });
}

/** The characters themselves, as octets; what names no character stays as it is. */
export function decodeUtf8Address(text: string): string {
  return text.replace(EMBEDDED, (whole, hex: string) => {
    const point = Number.parseInt(hex, 16);
    const isCharacter = point >= 0x20 && point !== 0x7f && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    return isCharacter ? Buffer.from(String.fromCodePoint(point), "utf8").toString("latin1") : whole;
  });
}

/** The code point; undefined for octets that are no character. */
function characterOf(octets: string): number | undefined {
  const text = Buffer.from(octets, "latin1").toString("utf8");
  return text.length <= 2 && text !== "\ufffd" && !text.includes("\ufffd") ? text.codePointAt(0) : undefined;
}
