/**
 * The words of the command line as they came. Node reads them as UTF-8 and puts U+FFFD where they are not (a name in
 * Latin-1, from an old script): those octets are looked up again, and stand as lone surrogates, U+DC80 to U+DCFF.
 */
import { readFileSync } from "node:fs";

/**
 * @param decoded the last words of this process, as Node has them
 * @param commandLine all words, each with a NUL behind it; read from the system when absent
 */
export function givenWords(decoded: readonly string[], commandLine?: Buffer): readonly string[] {
  if (!decoded.some(isDoubtful)) return decoded;
  const all = (commandLine ?? ownCommandLine()).toString("latin1").split("\0").slice(0, -1);
  const words = all.slice(-decoded.length);
  return decoded.map((word, index) => (isDoubtful(word) ? inUtf8(words[index] ?? "") || word : word));
}

/** A word as the octets that it came in: messages and rulesets know octets only. */
export function octets(word: string): string {
  return word
    .split(LONE)
    .map((part) => (isLone(part) ? String.fromCharCode(part.charCodeAt(0) - BASE) : asOctets(part)))
    .join("");
}

const BASE = 0xdc00;
/** Unpaired, as the flag u has it: halves of characters beyond the first plane are something else. */
const LONE = /([\uDC80-\uDCFF])/u;
const isLone = (text: string): boolean => text.length === 1 && LONE.test(text);
const isDoubtful = (word: string): boolean => word.includes("\uFFFD");
const asOctets = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

function ownCommandLine(): Buffer {
  try {
    return readFileSync("/proc/self/cmdline");
  } catch {
    return Buffer.alloc(0); // no such file on this system
  }
}

/** Characters in UTF-8 (RFC 3629 §4), and octets that are none. */
const CHARACTER =
  /[\x00-\x7f]+|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|([\x80-\xff])/g;

/** Octets (latin1) as a word of a command line, of which `octets` makes the same again. */
export function inUtf8(word: string): string {
  return word.replace(CHARACTER, (character, octet?: string) =>
    octet === undefined
      ? Buffer.from(character, "latin1").toString("utf8")
      : String.fromCharCode(BASE + octet.charCodeAt(0)),
  );
}
