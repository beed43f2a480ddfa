/**
 * SASLprep (RFC 4013): names and passwords in one form, so that the same password typed on two keyboards is the same.
 * ASCII stays as it is. Normalisation is that of the Unicode version of this program, not of Unicode 3.2; characters that
 * Unicode 3.2 did not know are let through, as RFC 3454 §7 wants it for queries.
 */

/** RFC 3454 C.1.2: blanks that become a plain one. */
const BLANKS = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;
/** RFC 3454 B.1: mapped to nothing. */
const NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|[\u200b-\u200d]|\u2060|[\ufe00-\ufe0f]|\ufeff/gu;
/** RFC 3454 C.2 (controls), C.3 (private use), C.4 (no characters), C.5 (surrogates), C.6, C.7, C.8, C.9. */
const FORBIDDEN = new RegExp(
  "[\\u0000-\\u001f\\u007f-\\u009f\\u06dd\\u070f\\u180e\\u200c\\u200d\\u2028\\u2029\\u2060-\\u2063\\u206a-\\u206f\\ufeff" +
    "\\ufff9-\\uffff\\u{1d173}-\\u{1d17a}\\ue000-\\uf8ff\\u{f0000}-\\u{10ffff}\\ufdd0-\\ufdef\\ud800-\\udfff" +
    "\\u2ff0-\\u2ffb\\u0340\\u0341\\u200e\\u200f\\u202a-\\u202e\\u{e0001}\\u{e0020}-\\u{e007f}" +
    "\\u{1fffe}\\u{1ffff}\\u{2fffe}\\u{2ffff}\\u{3fffe}\\u{3ffff}\\u{4fffe}\\u{4ffff}\\u{5fffe}\\u{5ffff}\\u{6fffe}\\u{6ffff}" +
    "\\u{7fffe}\\u{7ffff}\\u{8fffe}\\u{8ffff}\\u{9fffe}\\u{9ffff}\\u{afffe}\\u{affff}\\u{bfffe}\\u{bffff}\\u{cfffe}\\u{cffff}" +
    "\\u{dfffe}\\u{dffff}\\u{efffe}\\u{effff}]",
  "u",
);
/** RFC 3454 D.1: written from right to left. */
const RIGHT_TO_LEFT =
  /[\u05be\u05c0\u05c3\u05d0-\u05ea\u05f0-\u05f4\u061b\u061f\u0621-\u063a\u0640-\u064a\u066d-\u066f\u0671-\u06d5\u06dd\u06e5\u06e6\u06fa-\u06fe\u0700-\u070d\u0710\u0712-\u072c\u0780-\u07a5\u07b1\u200f\ufb1d\ufb1f-\ufb28\ufb2a-\ufb36\ufb38-\ufb3c\ufb3e\ufb40\ufb41\ufb43\ufb44\ufb46-\ufbb1\ufbd3-\ufd3d\ufd50-\ufd8f\ufd92-\ufdc7\ufdf0-\ufdfc\ufe70-\ufe74\ufe76-\ufefc]/u;
/** RFC 3454 D.2, as far as letters go. */
const LETTER = /\p{L}/u;

/** The prepared text; undefined when it holds characters that no name or password may have. */
export function saslPrep(text: string): string | undefined {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  // The zero width space stands in both tables of the RFC; as a blank it would be a surprise in a password.
  const mapped = text.replace(NOTHING, "").replace(BLANKS, " ").normalize("NFKC");
  if (FORBIDDEN.test(mapped) || mixesDirections(mapped)) return undefined;
  return mapped;
}

/** RFC 3454 §6: with one character from right to left there is none the other way, and both ends are such characters. */
function mixesDirections(text: string): boolean {
  if (!RIGHT_TO_LEFT.test(text)) return false;
  const characters = Array.from(text);
  const isRight = (character: string) => RIGHT_TO_LEFT.test(character);
  if (characters.some((each) => LETTER.test(each) && !isRight(each))) return true;
  return !isRight(characters[0]) || !isRight(characters[characters.length - 1]);
}
