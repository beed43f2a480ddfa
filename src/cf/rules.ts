/** S and R lines: which ruleset rules go to, and the split of a rule at its tabs. */
import { type RuleSource, compileRule, countTokens } from "../rewriting/compile-rule.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { RulesetProblem, RulesetTable } from "../rewriting/rulesets.ts";
import { offsetOfToken } from "./line-columns.ts";
import type { ConfigMessages } from "./messages.ts";

/** Tells about a ruleset name. */
export function reportRuleset(problems: readonly RulesetProblem[], messages: ConfigMessages, offset = 0): void {
  for (const { text, severity } of problems) {
    if (severity === "warning") messages.warn(text, { offset });
    else messages.error(text, { offset });
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

  /** True when a rule was cut into tokens: other operators would come too late for it. */
  get begun(): boolean {
    return this.#begun;
  }

  startRuleset(body: string): void {
    const reading = this.#rulesets.define(body);
    reportRuleset(reading.problems, this.#messages, BODY + body.search(/\S|$/));
    this.#current = reading.number;
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
      messages.error(`invalid rewrite line "R${body}" (tab expected)`, { offset: BODY + missingTab(body) });
      return;
    }
    const [, lhs, rhs] = fields;
    this.#begun = true;
    const at = { ...messages.place(), column: 2 };
    const { rule, problems } = compileRule({ lhs, rhs, ...reading, macros: this.#macros, at });
    for (const { text, side, token } of problems) {
      const begin = BODY + (side === "lhs" ? 0 : rhsOf(body));
      const part = side === "lhs" ? lhs : rhs;
      const count = (beginning: string): number => countTokens({ ...reading, macros: this.#macros }, beginning);
      messages.error(text, { offset: begin + (token < 0 ? 0 : offsetOfToken(part, token, count)) });
    }
    this.#rulesets.add(this.#current, rule);
  }
}

/** Index of what stands after the letter of a line. */
const BODY = 1;

function rhsOf(body: string): number {
  return body.search(/\t+/) + (/\t+/.exec(body)?.[0].length ?? 0);
}

/** Where the tab between both sides would be: at blanks that may have been one, or behind the left side. */
function missingTab(body: string): number {
  if (body.includes("\t")) return rhsOf(body);
  const blanks = body.search(/[ \n]{2}/);
  return blanks === -1 ? body.length : blanks;
}
