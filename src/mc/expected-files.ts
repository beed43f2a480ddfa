/**
 * Files that a distribution's own tools write for its stock .mc files to include. Where those tools have never run they are
 * missing, and the configuration means the same without them: that is worth a warning, no error.
 */
import type { Problem } from "./problem.ts";

/** Debian's sendmailconfig, update_tls, update_auth ... */
const WRITTEN = /^cannot open `(\/etc\/mail\/(?:m4\/(?:dialup|provider)|tls\/starttls|sasl\/sasl|autoconf)\.m4)'/;

/** The problem as it is told: a missing file of this kind is a warning. */
export function asExpected(problem: Problem): Problem {
  const file = WRITTEN.exec(problem.message)?.[1];
  if (file === undefined || problem.severity !== "error") return problem;
  const message = `${file} is not on this machine (Debian's sendmailconfig writes it): nothing is included`;
  return { ...problem, severity: "warning", message };
}
