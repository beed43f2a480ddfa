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

/** With any of these in it a list separates its addresses by commas, whatever OldStyleHeaders says. */
const MARKS = ",;<(";

/**
 * @param list one word of the command line, or the value of a header field
 * @param oldStyle option OldStyleHeaders: blanks separate addresses in a list without `, ; < (`
 * @returns the addresses without white space around them, none of them empty
 */
export function splitRecipients(list: string, oldStyle: boolean): string[] {
  const blanks = oldStyle && !Array.from(MARKS).some((mark) => list.includes(mark));
  const addresses: string[] = [];
  let start = 0;
  for (const end of ends(list, blanks)) {
    const address = list.slice(start, end).trim();
    if (address !== "") addresses.push(address);
    start = end + 1;
  }
  return addresses;
}

/** Indexes of the separators outside quotes, comments and angle brackets, and the end of the list. */
function* ends(list: string, blanks: boolean): Generator<number> {
  let quoted = false;
  let comment = 0;
  let angle = 0;
  for (let at = 0; at < list.length; at++) {
    const char = list[at];
    if (char === "\\") at++;
    else if (comment > 0) comment += char === "(" ? 1 : char === ")" ? -1 : 0;
    else if (char === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (char === "(") comment++;
    else if (char === "<") angle++;
    else if (char === ">") angle = Math.max(0, angle - 1);
    else if (angle === 0 && (blanks ? isBlank(char) : char === ",")) yield at;
  }
  yield list.length;
}

function isBlank(char: string): boolean {
  return char === " " || char === "\t" || char === "\r" || char === "\n";
}
