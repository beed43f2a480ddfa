/** S and R lines: which ruleset rules go to, and the split of a rule at its tabs. */
import { compileRule } from "../rewriting/compile-rule.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { RulesetProblem, RulesetTable } from "../rewriting/rulesets.ts";
import type { ConfigMessages } from "./messages.ts";

/** Tells about a ruleset name. */
export function reportRuleset(problems: readonly RulesetProblem[], messages: ConfigMessages): void {
  for (const { text, severity } of problems) {
    if (severity === "warning") messages.warn(text);
    else messages.error(text);
  }
}

export class RuleReader {
  readonly #rulesets: RulesetTable;
  readonly #macros: MacroScope;
  readonly #messages: ConfigMessages;
  /** Where rules go; undefined before the first valid S line. */
  #current: number | undefined;

  constructor(rulesets: RulesetTable, macros: MacroScope, messages: ConfigMessages) {
    this.#rulesets = rulesets;
    this.#macros = macros;
    this.#messages = messages;
  }

  startRuleset(body: string): void {
    const reading = this.#rulesets.define(body);
    reportRuleset(reading.problems, this.#messages);
    this.#current = reading.number;
  }

  /** @param operators OperatorChars as they are at this line */
  addRule(body: string, operators: string): void {
    const messages = this.#messages;
    if (this.#current === undefined) {
      messages.error(`missing valid ruleset for "R${body}"`);
      return;
    }
    const fields = /^([^\t]*)\t+([^\t]+)(?:\t|$)/.exec(body);
    if (!fields) {
      messages.error(`invalid rewrite line "R${body}" (tab expected)`);
      return;
    }
    const [, lhs, rhs] = fields;
    const at = { ...messages.place(), column: 2 };
    const { rule, problems } = compileRule({ lhs, rhs, operators, macros: this.#macros, at });
    for (const { text } of problems) messages.error(text);
    this.#rulesets.add(this.#current, rule);
  }
}
