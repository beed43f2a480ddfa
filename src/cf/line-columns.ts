/**
 * Where in a line of the file something stands that was found in what the line became: without its comment, with
 * metasymbols for `$x`, and, for a side of a rule, as tokens.
 *
 * Reading keeps no columns, because nearly all lines are right. When there is a message, the line is read again up to
 * this place and that, until the place is found where the part in question begins.
 */
import { markLiterals, readMacroText } from "../rewriting/macro-text.ts";
import { withoutRemark } from "./read-lines.ts";

/** What a line is read as: the text without its comment, or the value form of that. */
export type Form = "source" | "value";

/** Lines with octets beyond ASCII whose values are macro text; those of Q, X, E, P and T lines are taken as they are. */
const EXPANDED_LATER = /^[^QXEPT][^]*[\x80-\xff]|^[\x80-\xff]/;

/** Source to value form; a dollar at the end, or before a dollar, is just a dollar. */
export function valueForm(source: string): ReturnType<typeof readMacroText> {
  const octets = EXPANDED_LATER.test(source) ? markLiterals(source) : source;
  return readMacroText(octets.replace(/\$(?:\$|$)/g, "$$$$"));
}

/**
 * Index in the line of what stands at `offset` of one of its forms.
 * @param comments as for withoutComment
 */
export function offsetInLine(line: string, comments: boolean, form: Form, offset: number): number {
  const length = (end: number): number => {
    const source = withoutRemark(line.slice(0, end), comments);
    return form === "source" ? source.length : valueForm(source).text.length;
  };
  return lastThat(line.length, (end) => length(end) <= offset);
}

const UNITS = /\x81[&=~?](?:\{[^}]*\}?|[^])?|\x81\{[^}]*\}?|\x81?[^]/g;

/**
 * Index in one side of a rule, in value form, where its token number `index` begins; the length of the side when there
 * are not so many.
 * @param tokens how many tokens the beginning of a side makes
 */
export function offsetOfToken(side: string, index: number, tokens: (text: string) => number): number {
  const ends = [0];
  for (const [unit] of side.matchAll(UNITS)) ends.push(ends[ends.length - 1] + unit.length);
  return ends[lastThat(ends.length - 1, (end) => tokens(side.slice(0, ends[end])) <= index)];
}

/** The last number from 0 to `most` that fits, when all that fit come first; 0 always does. */
function lastThat(most: number, fits: (number: number) => boolean): number {
  let [low, high] = [0, most];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
