/**
 * One R line after its split at the tabs → a Rule, with sendmail's messages about what is wrong with it.
 *
 * A side is tokenised by the same prescan as addresses, not by a grammar: what a token is depends on OperatorChars, and
 * a rule only matches when both are read alike. Rules with mistakes still run, as far as they can be understood.
 */
import type { Location } from "../source/location.ts";
import { foldCase } from "./fold-case.ts";
import { OF_STRANGERS, readMacroName } from "./macro-name.ts";
import type { MacroScope } from "./macro-scope.ts";
import { expandWhileReading, readOperators, unmarkLiterals } from "./macro-text.ts";
import { type Comments, prescan } from "./prescan.ts";
import { isPlain, plainLiterals } from "./plain-rule.ts";
import type { Control, LateRule, Pattern, Replacement, Rule } from "./rule.ts";
import {
  ARGUMENT,
  ARGUMENT_SEPARATOR,
  CANON_HOST,
  CANON_MAILER,
  CANON_USER,
  DEFERRED_MACRO,
  HOST_BEGIN,
  HOST_END,
  LOOKUP_BEGIN,
  LOOKUP_END,
  MACRO,
  MATCH_ANY,
  MATCH_CLASS,
  MATCH_NOT_CLASS,
  MATCH_ONE,
  MATCH_SOME,
  printable,
} from "./tokens.ts";
import type { Tokens } from "./tokens.ts";

export interface RuleSource {
  /** Both sides in value form (see macro-text.ts): the line went through readMacroText. */
  readonly lhs: string;
  readonly rhs: string;
  readonly operators: string;
  /** How parentheses are read; as tokens when absent. */
  readonly comments?: Comments;
  /** Macros as they are at this line: `$x` takes its value now. */
  readonly macros: MacroScope;
  readonly at: Location;
}

export interface RuleProblem {
  readonly text: string;
  readonly side: "lhs" | "rhs";
  /** Index of the token that is meant; -1: the side as a whole. */
  readonly token: number;
}

/** @param token index of the token that is meant; without it, the side as a whole is */
type Report = (text: string, token?: number) => void;

export interface CompiledRule {
  /** To be compiled when it is wanted, where nothing can be wrong with it. */
  readonly rule: Rule | LateRule;
  readonly problems: readonly RuleProblem[];
}

/** `$1` to `$9`. */
const MOST_WILDCARDS = 9;

const WILDCARDS: ReadonlyMap<string, Pattern> = new Map([
  [MATCH_ANY, { kind: "any" }],
  [MATCH_SOME, { kind: "some" }],
  [MATCH_ONE, { kind: "one" }],
]);
/** Metasymbols that stand for themselves on a left side. */
const LHS_LITERALS: ReadonlySet<string> = new Set([CANON_MAILER, ARGUMENT_SEPARATOR, MACRO]);
/** Metasymbols that have no place on a right side. */
const NOT_ON_RHS: ReadonlySet<string> = new Set([MATCH_ANY, MATCH_SOME, MATCH_ONE, MATCH_CLASS, MATCH_NOT_CLASS]);
const CONTROLS: ReadonlyMap<string, Control> = new Map([
  [CANON_USER, "once"],
  [CANON_HOST, "return"],
]);

export function compileRule(source: RuleSource): CompiledRule {
  const problems: RuleProblem[] = [];
  const report: Report = (text, token = -1) => void problems.push({ text, side: "lhs", token });
  const reportRhs: Report = (text, token = -1) => void problems.push({ text, side: "rhs", token });
  const read = { ...source, lhs: filledIn(source, source.lhs, report), rhs: filledIn(source, source.rhs, reportRhs) };
  if (problems.length === 0 && isPlain(read)) {
    const { operators } = source;
    return {
      rule: { literals: () => plainLiterals(read.lhs, operators), compile: () => compileSides(read) },
      problems,
    };
  }
  return { rule: compileSides(read, report, reportRhs), problems };
}

function compileSides(source: RuleSource, report: Report = ignore, reportRhs: Report = ignore): Rule {
  const patterns = compileLhs(tokens(source, source.lhs, report), report);
  const tooMany = patterns.filter(isWildcard).length > MOST_WILDCARDS;
  if (tooMany) report("R line: too many wildcards", tenthWildcard(patterns));
  const lhs = tooMany ? [] : patterns;
  const wildcards = lhs.filter(isWildcard).length;
  // With too many wildcards there is no left side to compare `$1` with.
  const rhs = compileRhs(tokens(source, source.rhs, reportRhs), tooMany ? MOST_WILDCARDS : wildcards, reportRhs);
  return { lhs, ...rhs, wildcards, at: source.at };
}

const ignore: Report = () => undefined;

/** How text becomes tokens at a line. */
export type RuleReading = Pick<RuleSource, "operators" | "comments" | "macros">;

/** How many tokens one side makes, or the beginning of one. */
export function countTokens(reading: RuleReading, side: string): number {
  return tokens(reading, filledIn(reading, side, ignore), ignore).length;
}

function tenthWildcard(patterns: readonly Pattern[]): number {
  let left = MOST_WILDCARDS;
  return patterns.findIndex((each) => isWildcard(each) && left-- === 0);
}

/** A side with what macros are at its line. */
function filledIn({ macros }: RuleReading, side: string, report: Report): string {
  return readOperators(
    expandWhileReading(side, macros, (problem) => report(problem)),
    macros,
  );
}

/** @param side filled in */
function tokens({ operators, comments = "tokens" }: RuleReading, side: string, report: Report): Tokens {
  // Octets of the file are what they are: one of the range of metasymbols is one here.
  const text = unmarkLiterals(side);
  const { tokens: found = [], messages } = prescan(text, { operators, comments, kind: "rule" });
  for (const each of messages) report(each);
  return found;
}

function isWildcard({ kind }: Pattern): boolean {
  return kind !== "literal" && kind !== "nothing" && kind !== "macro";
}

function compileLhs(side: Tokens, report: Report): readonly Pattern[] {
  if (side.length === 0) report("R line: null LHS");
  return side.map((token, index) => compilePattern(token, index, report));
}

function compilePattern(token: string, index: number, report: Report): Pattern {
  const symbol = token[0];
  const wildcard = WILDCARDS.get(symbol);
  if (wildcard) return wildcard;
  if (symbol === MATCH_CLASS || symbol === MATCH_NOT_CLASS) {
    return { kind: symbol === MATCH_CLASS ? "class" : "not-class", name: nameIn(token) };
  }
  if (symbol === DEFERRED_MACRO) return { kind: "macro", name: nameIn(token) };
  if (symbol === CANON_HOST) return { kind: "nothing" };
  if (isMetasymbol(symbol) && !LHS_LITERALS.has(symbol)) {
    report(`Inappropriate use of ${symbol === ARGUMENT ? "$1-$9" : printable(symbol)} on LHS`, index);
  }
  return { kind: "literal", text: token, folded: foldCase(token) };
}

function compileRhs(
  side: Tokens,
  wildcards: number,
  report: Report,
): { readonly rhs: readonly Replacement[]; readonly control: Control } {
  if (side.length === 0) report("R line: null RHS");
  const control = CONTROLS.get(side[0]);
  const rhs: Replacement[] = [];
  /** What closes the look-up that is open, and where that begins. */
  let closing: string | undefined;
  let opened = -1;
  for (let at = control ? 1 : 0; at < side.length; at++) {
    const token = side[at];
    const symbol = token[0];
    if (symbol === ARGUMENT) {
      const index = Number(token[1]);
      if (!(index >= 1 && index <= wildcards)) report(`replacement ${printable(token)} out of bounds`, at);
      rhs.push({ kind: "argument", index });
      continue;
    }
    if (symbol === DEFERRED_MACRO) {
      rhs.push({ kind: "macro", name: nameIn(token) });
      continue;
    }
    if (symbol === HOST_BEGIN || symbol === LOOKUP_BEGIN) {
      if (closing !== undefined) report("cannot nest map lookups", at);
      closing = symbol === HOST_BEGIN ? HOST_END : LOOKUP_END;
      opened = at;
    } else if (symbol === closing) closing = undefined;
    else if (NOT_ON_RHS.has(symbol)) report(`Inappropriate use of ${printable(symbol)} on RHS`, at);
    rhs.push({ kind: "token", text: token });
  }
  if (closing !== undefined) report("missing map closing token", opened);
  return { rhs, control: control ?? "repeat" };
}

function nameIn(token: string): string {
  return token.length < 2 ? "" : (readMacroName(token, 1).name ?? OF_STRANGERS);
}

function isMetasymbol(octet: string): boolean {
  return octet > "\x80" && octet <= "\x9f";
}
