/**
 * The end of a run that has used up its calls of rulesets (LIMITS.calls): a rule that calls its own ruleset in a loop
 * fires a hundred times at each of fifty depths, which never ends.
 *
 * The answer is a triple that says "later", so that no other ruleset makes a permanent error of it.
 */
import { EX } from "../sys/sysexits.ts";
import { LIMITS } from "./limits.ts";
import type { Rewritten } from "./rewriter.ts";
import { CANON_HOST, CANON_MAILER, CANON_USER } from "./tokens.ts";

/** Thrown out of all rulesets that are open. */
export class GivenUp {
  readonly ruleset: string;

  constructor(ruleset: string) {
    this.ruleset = ruleset;
  }

  get message(): string {
    return `rewrite: too many calls of rulesets (max ${LIMITS.calls}), ruleset ${this.ruleset}`;
  }

  get rewritten(): Rewritten {
    const reason = `Rules of ruleset ${this.ruleset} call each other without end`;
    const tokens = [CANON_MAILER, "error", CANON_HOST, "4.3.5", CANON_USER, `"451 ${reason}"`];
    return { tokens, status: EX.TEMPFAIL, reason };
  }
}
