/** The reference engine: runs rules one by one, as the manual describes them, and can trace every step. */
import { EX } from "../sys/sysexits.ts";
import { catAddress } from "./cat-address.ts";
import type { ClassSet } from "./classes.ts";
import type { LookupMap } from "./lookup.ts";
import { prescan } from "./prescan.ts";
import type { Rewriter } from "./rewriter.ts";
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

/** The engine that test mode uses, and that the compiled one is measured against. */
export function createInterpreter(program: RuleProgram): Rewriter {
  const { operators, blankSub } = program;
  return {
    number: (name) => program.rulesets.number(name),
    has: (ruleset) => (program.rulesets.get(ruleset)?.rules.length ?? 0) > 0,
    rewrite: (_ruleset, workspace) => ({ tokens: workspace, status: EX.OK }),
    tokenise: (text) => prescan(text, { operators, comments: "tokens" }).tokens ?? [],
    join: (tokens) => catAddress(tokens, operators, blankSub),
  };
}
