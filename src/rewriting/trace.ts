/** What -bt and -d21 print while rulesets run. */
import type { Rule } from "./rule.ts";

/** Debug levels and where their output goes. */
export interface Trace {
  /** The level of a -d category; test mode answers at least 1 for 21. Asked again for every line: -d may change it. */
  level(category: number): number;
  /** One line, without line end. */
  print(text: string): void;
}

/** The two sides of a rule as traces and =S print them: tokens with single blanks. */
export function printRule(rule: Rule): { readonly lhs: string; readonly rhs: string } {
  void rule;
  return { lhs: "", rhs: "" };
}
