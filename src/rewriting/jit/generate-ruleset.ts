/**
 * A ruleset as a JavaScript function: for each rule a test of length and bits that costs nothing, then the function of
 * the rule, which answers with the new workspace, or null when it does not match.
 */
import type { ClassSet } from "../class-set.ts";
import { LIMITS } from "../limits.ts";
import { needsOf } from "../needs.ts";
import type { Needs } from "../needs.ts";
import { partInTriple, type Rule } from "../rule.ts";
import { Constants, generateMatch } from "./generate-match.ts";
import { generateReplace } from "./generate-replace.ts";
import type { Run } from "./run.ts";
import type { TokenTable, Workspace } from "../token-table.ts";

/** What the code calls as `h`: its members are named in the text of the code, so that only tokens matter here. */
export interface CodeRuntime {
  readonly tokens: TokenTable;
}

/** run.status is how the ruleset ended. */
export type RulesetFunction = (workspace: Workspace, run: Run) => Workspace;

export interface RulesetSource {
  readonly rules: readonly Rule[];
  readonly name: string;
  readonly runtime: CodeRuntime;
  classWords(name: string): ClassSet;
  find(name: string): number | undefined;
}

export function generateRuleset(source: RulesetSource): RulesetFunction {
  const constants = new Constants();
  const code = rulesetCode(source, constants);
  // The code is made of our own words, of numbers, and of references into `constants`: nothing of a configuration.
  // eslint-disable-next-line no-implied-eval
  const make = new Function("h", "K", code) as (runtime: CodeRuntime, values: readonly unknown[]) => RulesetFunction;
  return make(source.runtime, constants.values);
}

function rulesetCode(source: RulesetSource, constants: Constants): string {
  const { tokens } = source.runtime;
  const rules = source.rules.map((rule, i) => ruleCode(source, constants, rule, i));
  const tries = source.rules.map((rule, i) => tryCode(source, constants, rule, i, needsOf(rule.lhs, tokens)));
  return `"use strict";
${rules.join("\n")}
return function (w, x) {
let n = w.length, m = h.bits(w), s = 0, r = null, k = 0;
if (n !== 0 && w[0].id === ${tokens.mailer.id}) { x.status = 0; return w; }
${tries.join("\n")}
x.status = s;
return w;
};`;
}

function ruleCode(source: RulesetSource, constants: Constants, rule: Rule, index: number): string {
  const { runtime, name } = source;
  const body = generateMatch({
    lhs: rule.lhs,
    tokens: runtime.tokens,
    constants,
    classWords: (words) => source.classWords(words),
    matched: (spans) =>
      generateReplace(
        { rule, ruleset: name, tokens: runtime.tokens, constants, find: (called) => source.find(called) },
        spans,
      ),
  });
  return `function r${index}(w, n, m, x) {\n${body}\n}`;
}

/** Tries a rule as often as it fires; only then are length and bits of the workspace counted anew. */
function tryCode(source: RulesetSource, constants: Constants, rule: Rule, index: number, needs: Needs): string {
  const after = `if (r === h.FAILED) { x.status = x.ruleStatus; x.ruleStatus = 0; return w; }
if (x.ruleStatus !== 0) { s = h.worse(s, x.ruleStatus); x.ruleStatus = 0; }
w = r; n = w.length;${decisionCode(constants, rule)}`;
  const test = `${conditionCode(needs)}(r = r${index}(w, n, m, x)) !== null`;
  if (rule.control === "return") return `if (${test}) {\n${after}\nx.status = s;\nreturn w;\n}`;
  const triple = `if (n !== 0 && w[0].id === ${source.runtime.tokens.mailer.id}) { x.status = s; return w; }\nm = h.bits(w);`;
  if (rule.control === "once") return `if (${test}) {\n${after}\n${triple}\n}`;
  const message = constants.ref(`Infinite loop in ruleset ${source.name}, rule ${index + 1}`);
  return `k = 0;
while (${test}) {
${after}
${triple}
if (++k === ${LIMITS.rounds}) { h.infinite(x, ${message}); x.status = s; return w; }
}`;
}

/** Leaves the place of a rule that makes a triple with the run: for those who ask why. */
function decisionCode(constants: Constants, rule: Rule): string {
  const part = partInTriple(rule);
  if (part === undefined) return "";
  return `\nx.decidedAt ${part === "makes" ? "=" : "??="} ${constants.ref(rule.at)};`;
}

function conditionCode({ least, exact, bits }: Needs): string {
  const length = exact ? `n === ${least} && ` : least > 0 ? `n >= ${least} && ` : "";
  return length + (bits === 0 ? "" : `(m & ${bits}) === ${bits} && `);
}
