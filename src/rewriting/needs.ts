/** What can be said about a left side before any token is compared: most rules that cannot match are left out by it. */
import type { Pattern } from "./rule.ts";
import type { TokenTable } from "./token-table.ts";

/** What a workspace must have before a rule is tried at all. */
export interface Needs {
  readonly least: number;
  /** The left side matches this many tokens and no other number. */
  readonly exact: boolean;
  readonly bits: number;
}

const FIXED: ReadonlySet<Pattern["kind"]> = new Set(["literal", "one", "not-class", "nothing"]);

export function isFixed({ kind }: Pattern): boolean {
  return FIXED.has(kind);
}

function widthOf({ kind }: Pattern): number {
  return kind === "any" || kind === "macro" || kind === "nothing" ? 0 : 1;
}

/** How many tokens must be left for the patterns from `from` on. A `$&x` looks at a token, even when it takes none. */
export function least(lhs: readonly Pattern[], from: number): number {
  let count = 0;
  for (let i = lhs.length - 1; i >= from; i--) {
    count = lhs[i].kind === "macro" ? Math.max(1, count) : count + widthOf(lhs[i]);
  }
  return count;
}

export function needsOf(lhs: readonly Pattern[], tokens: TokenTable): Needs {
  let bits = 0;
  for (const each of lhs) if (each.kind === "literal") bits |= tokens.bitOf(tokens.id(each.folded));
  return { least: least(lhs, 0), exact: lhs.every(isFixed), bits };
}
