/**
 * Lists of addresses as callers write them: on the command line, and in the header of a message for `sendmail -t`.
 *
 *     "Public, Joe" <joe>, ann (Ann, of course)    →   `"Public, Joe" <joe>`   `ann (Ann, of course)`
 *     joe ann                                       →   `joe`   `ann`            (old style: blanks separate)
 *
 * Only finds where one address ends and the next begins, as the original does. Phrases, comments, routes and the names
 * of groups stay where they are: the rulesets read them. (What a header field that is sent on holds is read by
 * address-list.ts, which knows more forms.)
 */

import { withoutComments } from "./comments.ts";

/** With any of these in it a list separates its addresses by commas, whatever OldStyleHeaders says. */
const MARKS = ",;<(";

/**
 * @param list one word of the command line, or the value of a header field
 * @param oldStyle option OldStyleHeaders: blanks separate addresses in a list without `, ; < (`
 * @returns the addresses without white space around them, none of them empty or only a comment
 */
export function splitRecipients(list: string, oldStyle: boolean): string[] {
  const blanks = oldStyle && !Array.from(MARKS).some((mark) => list.includes(mark));
  const addresses: string[] = [];
  let start = 0;
  for (const end of ends(list, blanks)) {
    const address = list.slice(start, end).trim();
    if (address !== "" && !isComment(address)) addresses.push(address);
    start = end + 1;
  }
  return addresses;
}

/** `(nobody)`: no address. One whose comment stays open is an error to be told. */
function isComment(address: string): boolean {
  return address.startsWith("(") && address.endsWith(")") && withoutComments(address) === "";
}

/** Indexes of the separators outside quotes, comments and angle brackets, and the end of the list. */
function* ends(list: string, blanks: boolean): Generator<number> {
  let quoted = false;
  let comment = 0;
  let angle = 0;
  for (let at = 0; at < list.length; at++) {
    const char = list[at];
    // A backslash takes the meaning of quotes, brackets and parentheses away, but not that of a separator.
    if (char === "\\") at += comment > 0 || quoted || !isSeparator(list[at + 1], blanks) ? 1 : 0;
    else if (comment > 0) comment += char === "(" ? 1 : char === ")" ? -1 : 0;
    else if (char === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (char === "(") comment++;
    else if (char === "<") angle++;
    else if (char === ">") angle = Math.max(0, angle - 1);
    else if (angle === 0 && isSeparator(char, blanks)) yield at;
  }
  yield list.length;
}

function isSeparator(char: string | undefined, blanks: boolean): boolean {
  return blanks ? char === " " || char === "\t" || char === "\r" || char === "\n" : char === ",";
}
