/**
 * Where a piece of text came from: a chain from the innermost place outwards, ending in the file the user wrote.
 * Recorded while expanding, so that each line of the output can be traced back (`FILE.cf.map`, messages, traces).
 *
 * Example, innermost first: `macros/feature/mailertable.m4:7` ← macro FEATURE(`mailertable') ← `site.mc:12`.
 */
import { type Diagnostic, diagnostic } from "../source/diagnostic.ts";
import type { Location } from "../source/location.ts";

export interface Origin {
  readonly file: string;
  readonly line: number;
  /** Set when the text is the expansion of this macro, called at file:line. */
  readonly macro?: string;
  /** First argument of that call, as in FEATURE(`mailertable'). */
  readonly argument?: string;
  /** Where that macro got its text, when a file defined it. */
  readonly definedAt?: Origin;
  /** How many expansions this one is inside of, itself included. */
  readonly depth?: number;
  /** Where the call or the include stands; undefined for a file of the command line. */
  readonly parent?: Origin;
}

export const builtIn: Origin = { file: "(built in)", line: 0 };

/** The place in the file the user named on the command line. */
export function outermost(origin: Origin): Origin {
  let at = origin;
  while (at.parent) at = at.parent;
  return at;
}

export function locationOf(origin: Origin): Location {
  return { file: origin.file, line: origin.line };
}

/**
 * How the reader got from the user's own file to `origin`, innermost first, as follow-up notes; inner machinery and places in
 * the user's file, where the message itself points, are left out.
 */
export function story(origin: Origin, what: string, limit = 8): Diagnostic[] {
  const own = outermost(origin).file;
  const notes: Diagnostic[] = [];
  for (let at: Origin | undefined = origin; at && notes.length < limit; at = at.parent) {
    if (at.file === own || (at.macro !== undefined && /^(?:if|_|include$|m4wrap$)/.test(at.macro))) continue;
    const argument = at.argument === undefined ? "" : `(\`${at.argument}')`;
    notes.push(
      diagnostic("note", at.macro === undefined ? what : `${what}, in ${at.macro}${argument}`, locationOf(at)),
    );
  }
  return notes;
}
