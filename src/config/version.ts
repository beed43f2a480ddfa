/** The language level of configuration files, what depends on it, and the version that configurations see as `$v`. */
import type { Comments } from "../rewriting/prescan.ts";

/** V lines up to this level are understood. */
export const LANGUAGE_LEVEL = 10;
/** The version of sendmail whose language this is: `$v`, and what messages about a too new or old file say. */
export const LANGUAGE_VERSION = "8.17.1.9";

/** How rules and what they are given read parentheses: comments before level 9, tokens since. */
export function commentsAt(level: number): Comments {
  return level < 9 ? "strip" : "tokens";
}
