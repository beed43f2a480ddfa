/** A small reader of D, C, S, R and K lines, so that the engines can be tested without the configuration compiler. */
import { EMPTY_CLASS, WordSet } from "../../src/rewriting/word-set.ts";
import { compileRule } from "../../src/rewriting/compile-rule.ts";
import type { LookupMap } from "../../src/rewriting/lookup-map.ts";
import { readMacroName } from "../../src/rewriting/macro-name.ts";
import { MacroScope } from "../../src/rewriting/macro-scope.ts";
import { expandWhileReading, readMacroText } from "../../src/rewriting/macro-text.ts";
import type { RuleProgram } from "../../src/rewriting/program.ts";
import { RulesetTable } from "../../src/rewriting/rulesets.ts";
import type { Trace } from "../../src/rewriting/trace.ts";

export interface TestProgram extends RuleProgram {
  readonly scope: MacroScope;
  /** What the lines had wrong. */
  readonly problems: readonly string[];
}

export interface TestSettings {
  readonly maps?: Readonly<Record<string, LookupMap["lookup"]>>;
  /** Those of the maps that always say the same. */
  readonly constant?: readonly string[];
  readonly trace?: Trace;
  readonly operators?: string;
  readonly blankSub?: string;
}

export const OPERATORS = ".:%@!^/[]+";

export function testProgram(text: string, settings: TestSettings = {}): TestProgram {
  const { maps = {}, constant = [], trace, operators = OPERATORS, blankSub = " " } = settings;
  const rulesets = new RulesetTable();
  const scope = new MacroScope();
  const classes = new Map<string, WordSet>();
  const problems: string[] = [];
  let current: number | undefined;
  for (const [index, source] of text.split("\n").entries()) {
    const line = readMacroText(source);
    problems.push(...line.problems);
    const rest = line.text.slice(1);
    const at = { file: "test.cf", line: index + 1 };
    if (line.text[0] === "S") {
      const reading = rulesets.define(rest);
      problems.push(...reading.problems.map((each) => each.text));
      current = reading.number;
    } else if (line.text[0] === "R" && current !== undefined) {
      const [lhs, rhs = ""] = rest.split(/\t+/);
      const { rule, problems: wrong } = compileRule({ lhs, rhs, operators, macros: scope, at });
      problems.push(...wrong.map((each) => each.text));
      rulesets.add(current, rule);
    } else if (line.text[0] === "D" || line.text[0] === "C") {
      const { name = "", end } = readMacroName(rest, 0);
      if (line.text[0] === "D") scope.set(name, rest.slice(end));
      else {
        const words = classes.get(name) ?? new WordSet();
        for (const word of expandWhileReading(rest.slice(end), scope).split(/\s+/)) if (word !== "") words.add(word);
        classes.set(name, words);
      }
    }
  }
  return {
    rulesets,
    scope,
    problems,
    operators,
    blankSub,
    trace,
    map: (name) => maps[name] && { name, mapClass: "test", lookup: maps[name], constant: constant.includes(name) },
    classWords: (name) => classes.get(name) ?? EMPTY_CLASS,
  };
}
