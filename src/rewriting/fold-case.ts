/** Letter case as the ruleset language sees it: A to Z are a to z, every other octet is itself. */

const PLAIN = /^[\x00-\x7f]*$/;

export function foldCase(text: string): string {
  // toLowerCase() also folds latin1 letters, which are octets without case here.
  return PLAIN.test(text) ? text.toLowerCase() : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
