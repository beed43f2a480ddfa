/** What a check ruleset decides about a connection, a sender, a recipient or a message. */
import type { Reply } from "../mail/reply.ts";
import type { Location } from "../source/location.ts";

export type Verdict =
  | { readonly kind: "ok" }
  /** `$#error` with a 5xx or 4xx reply (421 also closes the connection). In all of them `at` is the rule that said so. */
  | { readonly kind: "refuse" | "defer"; readonly reply: Reply; readonly at?: Location }
  /** `$#discard`: accept everything and deliver nothing. */
  | { readonly kind: "discard"; readonly at?: Location }
  /** `$#error $@ quarantine $: reason`. */
  | { readonly kind: "quarantine"; readonly reason: string; readonly at?: Location };

export const ACCEPTED: Verdict = { kind: "ok" };

const HARSHNESS: Readonly<Record<Verdict["kind"], number>> = { ok: 0, quarantine: 1, discard: 2, defer: 3, refuse: 4 };

/** What holds where two verdicts meet: the harsher one, of equals the later. */
export function meet(earlier: Verdict, later: Verdict): Verdict {
  return HARSHNESS[later.kind] >= HARSHNESS[earlier.kind] ? later : earlier;
}
