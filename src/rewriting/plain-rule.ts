/**
 * Rules of which one look says that nothing is wrong with them: most of a configuration. They are compiled when their ruleset is
 * first entered, which in a start, or in test mode, most rulesets never are (compile-rule.ts). What is not plain need not be wrong.
 */
import { characterKinds, LETTER } from "./character-kinds.ts";
import { foldCase } from "./fold-case.ts";

/** Both sides with the metasymbols of rules, as prescan reads them. */
interface Sides {
  readonly lhs: string;
  readonly rhs: string;
}

/** Then neither a token nor their number is too large. */
const LONGEST = 250;
const MOST_WILDCARDS = 9;

/** Printable, without what begins a string or a comment, or hides what follows. */
const TEXT = String.raw`\t\n !#-'*-[\]-~`;
/** Behind `$=`, `$~`, `$&`. */
const NAME = String.raw`(?:[A-Za-z]|\{\w{1,20}\})`;
const LHS = new RegExp(String.raw`^(?:[${TEXT}\x90-\x92\x96\x97\x9b]|[\x82\x93\x94]${NAME})+$`);
const RHS_PART = String.raw`[${TEXT}\x96-\x99\x9b]|\x95[1-9]|"[${TEXT}()]*"|\x82${NAME}`;
/** Look-ups are closed, one after the other. */
const RHS = new RegExp(String.raw`^(?:${RHS_PART}|\x85(?:${RHS_PART})*\x86|\x9d(?:${RHS_PART})*\x9e)+$`);
const TOKEN = /[^ \t\n]/;
/** `$*`, `$+`, `$-`, `$=x`, `$~x` */
const WILDCARDS = /[\x90-\x94]/g;
/** `$1` */
const ARGUMENTS = /\x95(\d)/g;

/** Whether compiling it tells of nothing. */
export function isPlain({ lhs, rhs }: Sides): boolean {
  if (lhs.length > LONGEST || rhs.length > LONGEST || !LHS.test(lhs) || !RHS.test(rhs)) return false;
  if (!TOKEN.test(lhs) || !TOKEN.test(rhs)) return false;
  const wildcards = lhs.match(WILDCARDS)?.length ?? 0;
  return wildcards <= MOST_WILDCARDS && (rhs.match(ARGUMENTS) ?? []).every((each) => Number(each[1]) <= wildcards);
}

/** The literals of the left side of a plain rule, folded. */
export function plainLiterals(lhs: string, operators: string): readonly string[] {
  return (lhs.match(tokensBy(operators)) ?? []).filter((token) => !NO_LITERAL.test(token)).map(foldCase);
}

const NO_LITERAL = /^[\x82\x90-\x94\x97]/;

const known = new Map<string, RegExp>();

/** What is a token of a plain rule. */
function tokensBy(operators: string): RegExp {
  let tokens = known.get(operators);
  if (tokens === undefined) {
    const kinds = characterKinds(operators);
    const inAtoms = Array.from({ length: 0x7f }, (_, code) => code).filter((code) => kinds[code] === LETTER);
    const atom = inAtoms.map((code) => String.raw`\x${code.toString(16).padStart(2, "0")}`).join("");
    if (known.size > 16) known.clear();
    known.set(operators, (tokens = new RegExp(String.raw`[\x82\x93\x94]${NAME}|[${atom}]+|[^ \t\n]`, "g")));
  }
  return tokens;
}
