/** What goes wrong in a run of the macro processor, and what ends it. */
import type { Origin } from "./origin.ts";

/** Something is wrong with the input. The words are GNU m4's. */
export interface Problem {
  readonly severity: "error" | "warning";
  /** How GNU m4 marks it: "Warning: ", "ERROR: ", or not at all. */
  readonly mark: string;
  readonly message: string;
  readonly at: Origin;
  /** For somebody who has not asked for m4 but for a configuration: other words, another place, and how to call that. */
  readonly plainly?: string;
  readonly plainAt?: Origin;
  readonly placeName?: string;
}

/** Ends the run: a limit was passed, or the input ended inside something. */
export class FatalError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** m4exit was called. */
export class Exit extends Error {
  readonly status: number;
  constructor(status: number) {
    super("m4exit");
    this.status = status;
  }
}
