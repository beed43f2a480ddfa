/**
 * Rules as the compiler of R lines makes them and both engines run them.
 *
 * A left side is a list of patterns. A right side stays a flat list, without nesting: `$(`, `$>`, `$@` ... only get
 * their meaning when the rule has fired and `$1` is filled in, because what `$1` brings may hold them too.
 */
import type { Location } from "../source/location.ts";

export type Pattern =
  /** One token, compared without regard to letter case; `folded` is its folded text. */
  | { readonly kind: "literal"; readonly text: string; readonly folded: string }
  /** `$*` */
  | { readonly kind: "any" }
  /** `$+` */
  | { readonly kind: "some" }
  /** `$-` */
  | { readonly kind: "one" }
  /** `$@` */
  | { readonly kind: "nothing" }
  /** `$=x` */
  | { readonly kind: "class"; readonly name: string }
  /** `$~x` */
  | { readonly kind: "not-class"; readonly name: string }
  /** `$&x` */
  | { readonly kind: "macro"; readonly name: string }
  /** An operator that has no meaning on this side; matches only itself. */
  | { readonly kind: "symbol"; readonly symbol: string };

export type Replacement =
  | { readonly kind: "token"; readonly text: string }
  /** `$1`; an `index` that the left side does not have ends the ruleset when the rule fires. */
  | { readonly kind: "argument"; readonly index: number }
  /** `$&x` */
  | { readonly kind: "macro"; readonly name: string }
  /** `$>`, `$(`, `$)`, `$[`, `$]`, `$#`, `$@`, `$:`, `$|`: one metasymbol of tokens.ts. */
  | { readonly kind: "symbol"; readonly symbol: string };

export interface Rule {
  readonly lhs: readonly Pattern[];
  /** Without the `$:` or `$@` in front that `control` stands for. */
  readonly rhs: readonly Replacement[];
  /** none, `$:`, `$@` in front of the right side. */
  readonly control: "repeat" | "once" | "return";
  readonly at: Location;
}

export interface Ruleset {
  readonly number: number;
  /** Absent for a ruleset that only has a number. */
  readonly name?: string;
  readonly rules: readonly Rule[];
}
