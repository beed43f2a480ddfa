/**
 * Rulesets as the interpreter walks through them: made when one is first entered, with what would otherwise be worked
 * out again at every rule, what a left side needs and the tokens of a right side.
 */
import { type Needs, needsOf } from "./needs.ts";
import type { RuleProgram } from "./program.ts";
import { partInTriple, type Rule } from "./rule.ts";
import { type Token, TokenTable } from "./token-table.ts";
import { stepHead } from "./trace.ts";

export interface PreparedRule extends Needs {
  readonly rule: Rule;
  readonly part: ReturnType<typeof partInTriple>;
  /** For each replacement of the right side its token, where it is one. */
  readonly constants: readonly (Token | undefined)[];
}

export interface PreparedRuleset {
  readonly name: string;
  readonly rules: readonly PreparedRule[];
  /** What traces write in front of the workspace. */
  readonly input: string;
  readonly returns: string;
}

export class PreparedRules {
  readonly tokens: TokenTable;
  readonly #program: RuleProgram;
  readonly #rulesets = new Map<number, PreparedRuleset>();

  constructor(program: RuleProgram) {
    this.#program = program;
    this.tokens = new TokenTable(program.operators, program.rulesets.literals());
  }

  /** A number that nobody has given rules is an empty ruleset. */
  ruleset(number: number): PreparedRuleset {
    let ruleset = this.#rulesets.get(number);
    if (!ruleset) this.#rulesets.set(number, (ruleset = this.#prepare(number)));
    return ruleset;
  }

  #prepare(number: number): PreparedRuleset {
    const { rulesets } = this.#program;
    const name = rulesets.nameOf(number);
    const rules = (rulesets.get(number)?.rules ?? []).map((rule): PreparedRule => {
      const constants = rule.rhs.map((each) => (each.kind === "token" ? this.tokens.constant(each.text) : undefined));
      return { rule, part: partInTriple(rule), constants, ...needsOf(rule.lhs, this.tokens) };
    });
    return { name, rules, input: stepHead(name, "  input"), returns: stepHead(name, "returns") };
  }
}

/** Whether it is worth comparing: `length` and `bits` are those of the workspace. */
export function mayMatch({ least, exact, bits }: Needs, length: number, has: number): boolean {
  return (exact ? length === least : length >= least) && (has & bits) === bits;
}
