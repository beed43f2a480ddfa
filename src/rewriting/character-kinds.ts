/** What each octet means to the tokenizer, for one set of operator characters. */

export const LETTER = 0;
/** A token of its own. */
const OPERATOR = 1;
/** Separates tokens and disappears. */
export const BLANK = 2;
export const QUOTE = 3;
export const BACKSLASH = 4;
/** A metasymbol: a token of its own in rules, refused in addresses. */
export const META = 5;
/** Octet 0377 separates like a blank, and disappears inside quotes too. */
export const VANISHING = 6;
export const ANGLE_OPEN = 7;
export const ANGLE_CLOSE = 8;
export const PAREN_OPEN = 9;
export const PAREN_CLOSE = 10;

/** Operators whatever OperatorChars says. */
const ALWAYS = "()<>,;";

const known = new Map<string, Uint8Array>();

/** One of the constants above for each of the 256 octets. */
export function characterKinds(operators: string): Uint8Array {
  let kinds = known.get(operators);
  if (!kinds) {
    // A process has one set of operators, two while it reloads.
    if (known.size > 16) known.clear();
    known.set(operators, (kinds = makeKinds(operators)));
  }
  return kinds;
}

function makeKinds(operators: string): Uint8Array {
  const kinds = new Uint8Array(256);
  const set = (characters: string, kind: number): void => {
    for (const each of characters) kinds[each.charCodeAt(0) & 0xff] = kind;
  };
  set(operators + ALWAYS, OPERATOR);
  set(" \t\n\v\f\r", BLANK);
  set('"', QUOTE);
  set("\\", BACKSLASH);
  set("<", ANGLE_OPEN);
  set(">", ANGLE_CLOSE);
  set("(", PAREN_OPEN);
  set(")", PAREN_CLOSE);
  kinds.fill(META, 0x80, 0xa0);
  kinds[0xff] = VANISHING;
  return kinds;
}
