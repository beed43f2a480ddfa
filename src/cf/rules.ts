/** S and R lines: which ruleset rules go to, and the split of a rule at its tabs. */
import { type RuleSource, compileRule } from "../rewriting/compile-rule.ts";
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
  #begun = false;

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

  /** True when a rule has been cut into tokens. */
  get begun(): boolean {
    return this.#begun;
  }

  /** @param reading how text becomes tokens at this line */
  addRule(body: string, reading: Pick<RuleSource, "operators" | "comments">): void {
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
    this.#begun = true;
    const at = { ...messages.place(), column: 2 };
    const { rule, problems } = compileRule({ lhs, rhs, ...reading, macros: this.#macros, at });
    for (const { text } of problems) messages.error(text);
    this.#rulesets.add(this.#current, rule);
  }
}
