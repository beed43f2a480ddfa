/** Rules that are compiled late must be those of which nothing can be told: src/rewriting/plain-rule.ts. */
import { expect, test } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readLines, withoutComment } from "../../../src/cf/read-lines.ts";
import { compileRule, type RuleProblem } from "../../../src/rewriting/compile-rule.ts";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import { readMacroText } from "../../../src/rewriting/macro-text.ts";
import { RulesetTable } from "../../../src/rewriting/rulesets.ts";
import { fuzz, type Random } from "../../support/fuzz.ts";
import { OPERATORS } from "../../support/rule-program.ts";

const configurations = join(import.meta.dirname, "../../../cf");

/** What becomes of a rule. */
function compiled(lhs: string, rhs: string) {
  const source = { lhs, rhs, operators: OPERATORS, macros: new MacroScope(), at: { file: "x.cf", line: 1 } };
  return compileRule(source);
}

/** A configuration's rules as they are when they are read. */
function shippedRules(): [lhs: string, rhs: string][] {
  return readdirSync(configurations)
    .filter((name) => name.endsWith(".cf"))
    .flatMap((name) => readLines(readFileSync(join(configurations, name), "latin1")))
    .flatMap(({ text }): [string, string][] => {
      const [lhs, rhs] = withoutComment(readMacroText(text).text, true).slice(1).split(/\t+/);
      return text.startsWith("R") && rhs !== undefined ? [[lhs, rhs]] : [];
    });
}

/** The literals that the table of tokens gets before and after a rule is compiled. */
function literals(lhs: string, rhs: string): { before: readonly string[]; after: readonly string[]; isLate: boolean } {
  const table = new RulesetTable();
  table.define("1");
  const { rule } = compiled(lhs, rhs);
  table.add(1, rule);
  const before = table.literals();
  expect(table.get(1)?.rules).toHaveLength(1);
  return { before, after: table.literals(), isLate: "compile" in rule };
}

test("most rules of the shipped configurations are compiled late, and have the same literals then", () => {
  const rules = shippedRules();
  let late = 0;
  for (const [lhs, rhs] of rules) {
    const { before, after, isLate } = literals(lhs, rhs);
    expect(before).toEqual(after);
    if (isLate) late++;
  }
  expect(rules.length).toBeGreaterThan(500);
  expect(late / rules.length).toBeGreaterThan(0.6);
});

const PIECES = [
  "$*",
  "$+",
  "$-",
  "$=w",
  "$~{Tls}",
  "$&{client_name}",
  "$@",
  "$:",
  "$|",
  "$#",
  "$>",
  "$(",
  "$)",
  "$[",
  "$]",
]
  .concat(["$1", "$2", "$9", "$0", "$?", "$x", "$", "<", ">", "@", ".", ",", ";", "(", ")", '"', "\\", " ", "\n", "#"])
  .concat(["a", "Example", "access", "{", "}", "+", "\xe4", "\x93", "\xff", '"550 5.7.1 no"', "aaaaaaaaaa".repeat(26)]);

function side(random: Random): string {
  return Array.from({ length: random(9) }, () => PIECES[random(PIECES.length)]).join("");
}

test("of a rule that is compiled late nothing is told when it is compiled, and its literals are known before", async () => {
  let late = 0;
  await fuzz(4_000, (random, note) => {
    const [lhs, rhs] = [side(random), side(random)].map((text) => readMacroText(text).text);
    note([lhs, rhs]);
    const { rule, problems } = compiled(lhs, rhs);
    if (!("compile" in rule)) return;
    late++;
    expect(problems).toEqual([]);
    expect(toldAtOnce(lhs, rhs)).toEqual([]);
    const { before, after } = literals(lhs, rhs);
    expect(before).toEqual(after);
  });
  expect(late).toBeGreaterThan(40);
});

/** What compiling tells: a comment, which is made of tokens here, keeps a rule from being plain. */
function toldAtOnce(lhs: string, rhs: string): readonly RuleProblem[] {
  const { rule, problems } = compiled(`() ${lhs}`, rhs);
  expect("compile" in rule).toBe(false);
  return problems;
}
