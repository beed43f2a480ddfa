/** What -bt and -d21 print while rulesets run: where it goes, and the printed form of rules and workspaces. */
import { writeMacroName } from "./macro-name.ts";
import type { Control, Pattern, Replacement, Rule } from "./rule.ts";
import { printTokens, printable } from "./tokens.ts";
import type { Tokens } from "./tokens.ts";

/** Debug levels and where their output goes. */
export interface Trace {
  /** The level of a -d category. Asked again for every line: -d in test mode changes it. */
  level(category: number): number;
  /** Test mode: input and result of every ruleset are printed whatever the level. */
  readonly testMode: boolean;
  /** One line, without line end. */
  print(text: string): void;
}

const SYMBOLS: Readonly<Record<string, string>> = { any: "$*", some: "$+", one: "$-", nothing: "$@" };
const CONTROL: Readonly<Record<Control, string>> = { repeat: "", once: "$:", return: "$@" };

export function printPattern(pattern: Pattern): string {
  switch (pattern.kind) {
    case "literal":
      return printable(pattern.text);
    case "class":
      return `$=${writeMacroName(pattern.name)}`;
    case "not-class":
      return `$~${writeMacroName(pattern.name)}`;
    case "macro":
      return `$&${writeMacroName(pattern.name)}`;
    default:
      return SYMBOLS[pattern.kind];
  }
}

function printReplacement(replacement: Replacement): string {
  switch (replacement.kind) {
    case "token":
      return printable(replacement.text);
    case "argument":
      return `$${replacement.index}`;
    default:
      return `$&${writeMacroName(replacement.name)}`;
  }
}

/** Rules whose calls have been made: from then on the original shows `$>"name"` without its quotes. */
const called = new WeakSet<Rule>();

/** The rule is about to make its calls. */
export function noteCalls(rule: Rule): void {
  called.add(rule);
}

/** The two sides of a rule as tokens, each printed: traces and =S put blanks between. */
export function printRule(rule: Rule): { readonly lhs: readonly string[]; readonly rhs: readonly string[] } {
  const rhs = rule.rhs.map(printReplacement);
  if (called.has(rule)) {
    for (let i = 1; i < rhs.length; i++) if (rhs[i - 1] === "$>") rhs[i] = rhs[i].replaceAll('"', "");
  }
  return { lhs: rule.lhs.map(printPattern), rhs: rule.control === "repeat" ? rhs : [CONTROL[rule.control], ...rhs] };
}

/** `NAME             returns: tok tok`, and the same with `  input:`. */
export function printStep(name: string, step: "  input" | "returns", workspace: Tokens): string {
  const head = `${name.slice(0, 16).padEnd(16)} ${step}:`;
  return workspace.length === 0 ? head : `${head} ${printTokens(workspace)}`;
}
