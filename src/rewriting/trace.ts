/** What -bt and -d21 print while rulesets run: where it goes, and the printed form of rules and workspaces. */
import type { ExitCode } from "../sys/sysexits.ts";
import type { LookupResult } from "./lookup-map.ts";
import { calledName } from "./called-name.ts";
import { writeMacroName } from "./macro-name.ts";
import type { Control, Pattern, Replacement, Rule } from "./rule.ts";
import {
  ARGUMENT,
  CALL,
  CANON_HOST,
  CANON_USER,
  DEFERRED_MACRO,
  MATCH_ANY,
  MATCH_CLASS,
  MATCH_NOT_CLASS,
  MATCH_ONE,
  MATCH_SOME,
  printable,
} from "./tokens.ts";
import type { Tokens } from "./tokens.ts";

/** Debug levels and where their output goes. */
export interface Trace {
  /** The level of a -d category. Asked anew for each rewrite: -d in test mode changes it. */
  level(category: number): number;
  /** Test mode: input and result of every ruleset are printed whatever the level. */
  readonly testMode: boolean;
  /** One line, without line end. */
  print(text: string): void;
  /** Gets the same steps as data while it is set. */
  readonly watcher?: RewriteWatcher;
}

/** What a run does, step by step, for explanations. Calls nest: `enter` ... `leave`. */
export interface RewriteWatcher {
  /** A ruleset begins with this workspace. */
  enter(ruleset: number, name: string, workspace: Tokens): void;
  /** The ruleset entered last has ended. */
  leave(workspace: Tokens, status: ExitCode): void;
  /** A rule of the current ruleset has matched; its look-ups and calls follow. */
  fired(rule: Rule): void;
  /** A map was asked; undefined: there is no such map. */
  lookedUp(map: string, key: string, args: readonly string[], result: LookupResult | undefined): void;
  /** What the rule that fired last has made of the workspace; not called when it could not be applied. */
  rewritten(workspace: Tokens): void;
}

const SYMBOLS: Readonly<Record<string, string>> = {
  any: MATCH_ANY,
  some: MATCH_SOME,
  one: MATCH_ONE,
  nothing: CANON_HOST,
};
const CONTROL: Readonly<Record<Control, string>> = { repeat: "", once: CANON_USER, return: CANON_HOST };

export function printPattern(pattern: Pattern): string {
  switch (pattern.kind) {
    case "literal":
      return printable(pattern.text);
    case "class":
      return `${printable(MATCH_CLASS)}${writeMacroName(pattern.name)}`;
    case "not-class":
      return `${printable(MATCH_NOT_CLASS)}${writeMacroName(pattern.name)}`;
    case "macro":
      return `${printable(DEFERRED_MACRO)}${writeMacroName(pattern.name)}`;
    default:
      return printable(SYMBOLS[pattern.kind]);
  }
}

function printReplacement(replacement: Replacement): string {
  switch (replacement.kind) {
    case "token":
      return printable(replacement.text);
    case "argument":
      return `${printable(ARGUMENT)}${replacement.index}`;
    default:
      return `${printable(DEFERRED_MACRO)}${writeMacroName(replacement.name)}`;
  }
}

/** Rules whose calls have been made: from then on the original shows `$>"name"` as it is called. */
const called = new WeakSet<Rule>();

/** The rule is about to make its calls. */
export function noteCalls(rule: Rule): void {
  called.add(rule);
}

/** The two sides of a rule as tokens, each printed: traces and =S put blanks between. */
export function printRule(rule: Rule): { readonly lhs: readonly string[]; readonly rhs: readonly string[] } {
  const rhs = rule.rhs.map(printReplacement);
  if (called.has(rule)) {
    const call = printable(CALL);
    for (let i = 1; i < rhs.length; i++) if (rhs[i - 1] === call) rhs[i] = calledName(rhs[i]);
  }
  return {
    lhs: rule.lhs.map(printPattern),
    rhs: rule.control === "repeat" ? rhs : [printable(CONTROL[rule.control]), ...rhs],
  };
}

/** `NAME             returns:` and the same with `  input:`, in front of a workspace. */
export function stepHead(name: string, step: "  input" | "returns"): string {
  return `${name.slice(0, 16).padEnd(16)} ${step}:`;
}
