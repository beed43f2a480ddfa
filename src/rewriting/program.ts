/** What both engines run: the rulesets of a configuration and the things rules refer to. */
import type { ClassSet } from "./class-set.ts";
import type { LookupMap } from "./lookup-map.ts";
import type { Comments } from "./prescan.ts";
import type { RulesetTable } from "./rulesets.ts";
import type { Trace } from "./trace.ts";

export interface RuleProgram {
  readonly rulesets: RulesetTable;
  map(name: string): LookupMap | undefined;
  /** The same object at every call for a class that exists; EMPTY_CLASS for one that does not. */
  classWords(name: string): ClassSet;
  /** O OperatorChars. */
  readonly operators: string;
  /** How texts that are tokenised for a ruleset read parentheses; as tokens when absent. */
  readonly comments?: Comments;
  /** O BlankSub. */
  readonly blankSub: string;
  readonly trace?: Trace;
}
