/** Tokens to text. */
import type { Tokens } from "./tokens.ts";

/** Joins tokens: `blankSub` between two of them that are both words, nothing elsewhere. */
export function catAddress(tokens: Tokens, operators: string, blankSub: string): string {
  void operators;
  return tokens.join(blankSub);
}
