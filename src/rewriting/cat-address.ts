/** Tokens to text, as mailers, look-ups and classes see it. */
import { BLANK, BACKSLASH, LETTER, characterKinds } from "./character-kinds.ts";
import type { Tokens } from "./tokens.ts";

/** Joins tokens: `blankSub` between two of them that are both words (not operators, not quoted), nothing elsewhere. */
export function catAddress(tokens: Tokens, operators: string, blankSub: string): string {
  if (tokens.length === 1) return tokens[0];
  const kinds = characterKinds(operators);
  let text = "";
  let afterWord = false;
  for (const token of tokens) {
    const kind = kinds[token.charCodeAt(0)];
    const word = kind === LETTER || kind === BACKSLASH || kind === BLANK;
    text += afterWord && word ? blankSub + token : token;
    afterWord = word;
  }
  return text;
}
