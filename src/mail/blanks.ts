/**
 * White space as mail knows it. Texts here hold one octet per character, and `trim()` of the language takes the octet 0240
 * (a letter of a UTF-8 or Latin-1 name) for a blank.
 */
const BLANKS = " \t\n\v\f\r";

/** Without blanks at both ends. */
export function trimBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && BLANKS.includes(text[end - 1])) end--;
  return trimBlanksAtStart(text.slice(0, end));
}

/** Without blanks in front. */
export function trimBlanksAtStart(text: string): string {
  let begin = 0;
  while (begin < text.length && BLANKS.includes(text[begin])) begin++;
  return text.slice(begin);
}
