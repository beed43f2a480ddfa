/**
 * Whether a left side matches everything of a given form. Forms are lists of pieces: a word, one token, any tokens.
 * "Yes" is proven, for every text of that form; "no" only says that no proof was found.
 */
import { foldCase } from "../../rewriting/fold-case.ts";
import type { Pattern, Rule } from "../../rewriting/rule.ts";
import { CALL, CANON_MAILER, HOST_BEGIN, HOST_END, LOOKUP_BEGIN, LOOKUP_END } from "../../rewriting/tokens.ts";
import { isWildcard } from "./references.ts";

/** A pattern as what it stands for; `any` also for what cannot be known (values of macros and maps). */
export type Piece = Exclude<Pattern, { readonly kind: "nothing" | "macro" }>;

const UNKNOWN: Piece = { kind: "any" };

/** All texts that a left side matches. */
export function piecesOf(lhs: readonly Pattern[]): Piece[] {
  return lhs.flatMap((pattern) => {
    if (pattern.kind === "nothing") return [];
    return [pattern.kind === "macro" ? UNKNOWN : pattern];
  });
}

/** True when the rule ends its ruleset each time it matches. */
export function ends({ control, rhs: [first] }: Rule): boolean {
  return control === "return" || (first?.kind === "token" && first.text === CANON_MAILER);
}

/** What a rule makes of the texts it matches; undefined when that depends on another ruleset. */
export function resultOf({ lhs, rhs }: Rule): Piece[] | undefined {
  const bound = lhs.filter(isWildcard) as Piece[];
  const pieces: Piece[] = [];
  let closing: string | undefined;
  for (const replacement of rhs) {
    const text = replacement.kind === "token" ? replacement.text : undefined;
    if (text === CALL) return undefined;
    if (closing !== undefined) {
      if (text === closing) closing = undefined;
      continue;
    }
    if (text === LOOKUP_BEGIN || text === HOST_BEGIN) {
      closing = text === LOOKUP_BEGIN ? LOOKUP_END : HOST_END;
      pieces.push(UNKNOWN);
    } else if (text !== undefined) pieces.push({ kind: "literal", text, folded: foldCase(text) });
    else if (replacement.kind === "argument") pieces.push(bound[replacement.index - 1] ?? UNKNOWN);
    else pieces.push(UNKNOWN);
  }
  return closing === undefined ? pieces : undefined;
}

/** True when `lhs` matches every text that has the form `pieces`. */
export function covers(lhs: readonly Pattern[], pieces: readonly Piece[]): boolean {
  const known = new Map<number, boolean>();
  const from = (p: number, i: number): boolean => {
    const key = p * (pieces.length + 1) + i;
    let answer = known.get(key);
    if (answer === undefined) known.set(key, (answer = step(p, i)));
    return answer;
  };
  const step = (p: number, i: number): boolean => {
    if (p === lhs.length) return i === pieces.length;
    const pattern = lhs[p];
    if (pattern.kind === "nothing") return from(p + 1, i);
    if (pattern.kind === "any") return from(p + 1, i) || (i < pieces.length && from(p, i + 1));
    if (pattern.kind === "some") {
      let filled = false;
      for (let end = i; end < pieces.length; end++) {
        filled ||= pieces[end].kind !== "any";
        if (filled && from(p + 1, end + 1)) return true;
      }
      return false;
    }
    return i < pieces.length && takes(pattern, pieces[i]) && from(p + 1, i + 1);
  };
  return from(0, 0);
}

/** A pattern of one piece. */
function takes(pattern: Pattern, piece: Piece): boolean {
  switch (pattern.kind) {
    case "one":
      return piece.kind === "literal" || piece.kind === "one" || piece.kind === "not-class";
    case "literal":
      return piece.kind === "literal" && piece.folded === pattern.folded;
    case "class":
    case "not-class":
      return piece.kind === pattern.kind && piece.name === pattern.name;
    default:
      return false;
  }
}
