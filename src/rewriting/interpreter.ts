/** The reference engine: runs rules one by one, as the manual describes them, and can trace every step. */
import type { ClassSet } from "./classes.ts";
import type { LookupMap } from "./lookup.ts";
import type { RulesetTable } from "./rulesets.ts";
import type { Trace } from "./trace.ts";

/** What both engines run. */
export interface RuleProgram {
  readonly rulesets: RulesetTable;
  map(name: string): LookupMap | undefined;
  /** The same object at every call for a class that exists; EMPTY_CLASS for one that does not. */
  classWords(name: string): ClassSet;
  /** O OperatorChars. */
  readonly operators: string;
  /** O BlankSub. */
  readonly blankSub: string;
  readonly trace?: Trace;
}
