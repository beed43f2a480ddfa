/** What a compiler has to say about its input: shared by the macro processor and the configuration compiler. */
import type { Location } from "./location.ts";

export type Severity = "error" | "warning" | "note";

export interface Diagnostic {
  readonly severity: Severity;
  readonly message: string;
  readonly at: Location;
  /** What was expected, or what to do about it. */
  readonly help?: string;
  /** Follow-ups: where something was opened, what is near. */
  readonly notes: readonly Diagnostic[];
}

export function diagnostic(
  severity: Severity,
  message: string,
  at: Location,
  notes: readonly Diagnostic[] = [],
): Diagnostic {
  return { severity, message, at, notes };
}
