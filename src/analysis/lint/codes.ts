/** The findings of `rulemail lint`: code, how bad it is, heading of its section in docs/lint.md. */

export type FindingSeverity = "note" | "warning" | "error";

export interface CodeRow {
  readonly severity: FindingSeverity;
  readonly title: string;
  /** Text of the macro library is not blamed: a library brings more than one site uses. */
  readonly ownOnly?: true;
}

export const CODES = {
  L001: { severity: "error", title: "A line that cannot be read" },
  L002: { severity: "error", title: "A message of the macro compiler" },
  L003: { severity: "error", title: "A rule without tab" },
  L004: { severity: "error", title: "`$n` that nothing binds" },
  L005: { severity: "note", title: "Something that is not on this machine" },
  L010: { severity: "error", title: "A ruleset that is not defined" },
  L011: { severity: "warning", title: "A ruleset that nothing uses", ownOnly: true },
  L012: { severity: "error", title: "A map that is not defined" },
  L013: { severity: "warning", title: "A map that nothing uses", ownOnly: true },
  L014: { severity: "error", title: "A mailer that is not defined" },
  L015: { severity: "warning", title: "A mailer that nothing uses", ownOnly: true },
  L016: { severity: "warning", title: "A class that is not defined", ownOnly: true },
  L017: { severity: "warning", title: "A class that nothing uses", ownOnly: true },
  L018: { severity: "error", title: "A mail filter that is not defined" },
  L020: { severity: "warning", title: "A rule that never matches", ownOnly: true },
  L021: { severity: "error", title: "A rule that loops" },
  L030: { severity: "warning", title: "An option without effect" },
  L031: { severity: "warning", title: "An option that is set twice", ownOnly: true },
  L040: { severity: "error", title: "Strangers may relay" },
} as const satisfies Readonly<Record<string, CodeRow>>;

export type Code = keyof typeof CODES;

/** What a check found; the place is a line of the .cf, 0 for none. */
export interface Issue {
  readonly code: Code;
  readonly line: number;
  readonly column?: number;
  readonly text: string;
  /** What was expected, or what to do. */
  readonly help?: string;
  /** Another line that has a part in it. */
  readonly cause?: number;
  /** Issues of one code and group have one cause: they are told once, with the lines of all. */
  readonly group?: string;
  /** When it is not that of the code. */
  readonly severity?: FindingSeverity;
}
