/** A check of `rulemail doctor`: one file in checks/, one row of the table in examine.ts. */
import type { MaybePromise } from "../../sys/maybe-promise.ts";
import type { Finding } from "./finding.ts";
import type { Patient } from "./patient.ts";

export interface Check {
  /** One or two words: what --list and --only know it by. */
  readonly name: string;
  /** What it looks at, for --list. */
  readonly about: string;
  /** A check that needs a configuration is left out where there is none. */
  readonly needs: "nothing" | "configuration";
  /** @throws SkipError (skip-error.ts) when it cannot be made here; what else it throws is told as such */
  run(patient: Patient): MaybePromise<readonly Finding[]>;
}
