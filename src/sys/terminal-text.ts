/**
 * Text of foreign origin on its way to a terminal: what could move the cursor, hide text, turn it around or answer for
 * the user is written out. (ECMA-48 control functions in seven and eight bits, also as UTF-8; Unicode's directional
 * formatting characters, UAX #9.) Tabs and line ends stay.
 */

/** In strings of characters: C0, DEL, C1, directional marks and overrides, line and paragraph separators. */
const HARMFUL = /\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
/** In strings of octets: C0 and DEL, characters of UTF-8, and octets above 127 that are none. */
const OCTETS =
  /\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[\x80-\xff]/g;

/** Harmless text; what was not is written as `\ooo` or `\u{...}`. */
export function forTerminal(text: string): string {
  return text.replace(HARMFUL, (char) => {
    const code = char.charCodeAt(0);
    return code > 0xff ? `\\u{${code.toString(16)}}` : octal(code);
  });
}

/** The same for text that is octets, one code unit each: UTF-8 stays when it is harmless, other high octets do not. */
export function octetsForTerminal(octets: string): string {
  return octets.replace(OCTETS, (found) => {
    const characters = found.length === 1 ? "" : Buffer.from(found, "latin1").toString("utf8");
    const harmless = found.length > 1 && !characters.includes("\ufffd") && forTerminal(characters) === characters;
    return harmless ? found : Array.from(found, (octet) => octal(octet.charCodeAt(0))).join("");
  });
}

function octal(code: number): string {
  return `\\${code.toString(8).padStart(3, "0")}`;
}

/** One line of JSON that is ASCII: nobody has to guess its encoding, and no terminal obeys it. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * Makes everything harmless that is written to a stream as a string: the messages of commands, which may quote what
 * others wrote. Octets (Buffer) pass as they are: those who write them know why.
 */
export function guardTerminal(stream: Pick<NodeJS.WriteStream, "write">): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  stream.write = (chunk: unknown, ...rest: unknown[]) =>
    write(typeof chunk === "string" ? forTerminal(chunk) : chunk, ...rest);
}
