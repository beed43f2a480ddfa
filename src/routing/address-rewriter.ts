/**
 * An address as a given mailer must see it: rulesets 3, then 1 or 2, then the mailer's S= or R= set, then 4.
 * Implemented by routing/remote-name.ts for a configuration; delivery and dsn only know this.
 */
import type { Mailer } from "../config/mailer.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { NoteBudget } from "./note-budget.ts";

export interface AddressRole {
  readonly role: "sender" | "recipient";
  readonly part: "envelope" | "header";
  /** How many odd things about the address may still be logged; a rules's own limit when absent. */
  readonly notes?: NoteBudget;
  /** Domain of the envelope sender, when the sender's mailer has F=C: header addresses without one get it. */
  readonly appendDomain?: string;
}

export type RewrittenAddress =
  | { readonly kind: "address"; readonly text: string }
  | { readonly kind: "tempfail"; readonly reason: string };

export interface AddressRewriter {
  /**
   * @param address one address; for the header part with its phrase and comments, which are kept around the result
   * @param scope macros of this delivery ($f, $g, $u, $h ... set by the caller)
   */
  rewrite(mailer: Mailer, address: string, role: AddressRole, scope: MacroScope): MaybePromise<RewrittenAddress>;
}
