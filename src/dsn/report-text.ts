/** Text of foreign origin inside a report: one line, printable ASCII (or UTF-8 where that is agreed), of sensible length. */
import { octetsForTerminal } from "../sys/terminal-text.ts";

const LONGEST = 512;

/**
 * Control characters become blanks; octets above 126 become "?" unless `utf8` says that they are text: then what is none,
 * or would turn the text around, is written out.
 */
export function reportText(text: string, utf8 = false): string {
  const clean = text.replace(/[\x00-\x1f\x7f]+/g, " ").trim();
  const short = clean.length > LONGEST ? `${clean.slice(0, endOfCharacter(clean, LONGEST - 3))}...` : clean;
  return utf8 ? octetsForTerminal(short) : short.replace(/[^\x20-\x7e]/g, "?");
}

/** No character of UTF-8 is cut in two. */
function endOfCharacter(octets: string, end: number): number {
  let at = end;
  while (at > end - 4 && /[\x80-\xbf]/.test(octets[at])) at--;
  return at;
}
