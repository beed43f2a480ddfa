/** One R line after its split at the tabs → a Rule, with sendmail's messages about what is wrong with it. */
import type { Location } from "../source/location.ts";
import type { MacroScope } from "./macro-scope.ts";
import type { Rule } from "./rule.ts";

export interface RuleSource {
  /** Both sides in value form (see macro-text.ts): the line went through readMacroText. */
  readonly lhs: string;
  readonly rhs: string;
  readonly operators: string;
  /** Macros as they are at this line: `$x` takes its value now. */
  readonly macros: MacroScope;
  readonly at: Location;
}

export interface RuleProblem {
  readonly text: string;
  readonly column?: number;
}

export interface CompiledRule {
  /** Undefined when nothing can be made of the line; many rules with problems still run. */
  readonly rule: Rule | undefined;
  readonly problems: readonly RuleProblem[];
}

export function compileRule(source: RuleSource): CompiledRule {
  void source;
  return { rule: undefined, problems: [] };
}
