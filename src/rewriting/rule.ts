/**
 * Rules as the compiler of R lines makes them and both engines run them.
 *
 * A left side is a list of patterns. A right side stays a flat list, without nesting: `$(`, `$>`, `$@` ... only get
 * their meaning when the rule has fired and `$1` is filled in, because what `$1` brings may hold them too.
 */
import type { Location } from "../source/location.ts";
import { CANON_MAILER } from "./tokens.ts";

export type Pattern =
  /** One token, compared without regard to letter case; `folded` is its folded text. */
  | { readonly kind: "literal"; readonly text: string; readonly folded: string }
  /** `$*`, `$+`, `$-` */
  | { readonly kind: "any" | "some" | "one" }
  /** `$@` */
  | { readonly kind: "nothing" }
  /** `$=x`, `$~x` */
  | { readonly kind: "class" | "not-class"; readonly name: string }
  /** `$&x` */
  | { readonly kind: "macro"; readonly name: string };

export type Replacement =
  /** A token as it is, also one of the metasymbols `$> $( $) $[ $] $# $@ $: $|`. */
  | { readonly kind: "token"; readonly text: string }
  /** `$1`; an index that the left side does not have ends the ruleset when the rule fires. */
  | { readonly kind: "argument"; readonly index: number }
  /** `$&x` */
  | { readonly kind: "macro"; readonly name: string };

/** What happens when a rule has fired: tried again, on to the next one (`$:`), out of the ruleset (`$@`). */
export type Control = "repeat" | "once" | "return";

export interface Rule {
  readonly lhs: readonly Pattern[];
  /** Without the `$:` or `$@` in front that `control` stands for. */
  readonly rhs: readonly Replacement[];
  readonly control: Control;
  /** How many of `$1` to `$9` the left side has. */
  readonly wildcards: number;
  readonly at: Location;
}

/**
 * How a rule takes part in a triple: it makes one (`$#error ...`), it hands on one that a ruleset it called has made
 * (`$#$1`), or neither.
 */
export function partInTriple({ rhs: [first, second] }: Rule): "makes" | "hands on" | undefined {
  if (first?.kind !== "token" || first.text !== CANON_MAILER) return undefined;
  return second?.kind === "argument" ? "hands on" : "makes";
}

export interface Ruleset {
  readonly number: number;
  /** Absent for a ruleset that only has a number. */
  readonly name?: string;
  /** How many rules there are. */
  readonly size: number;
  readonly rules: readonly Rule[];
}

/** A rule that is compiled when its ruleset is first entered: nothing is wrong with it. */
export interface LateRule {
  /** The folded literals of its left side. */
  readonly literals: () => readonly string[];
  readonly compile: () => Rule;
}
