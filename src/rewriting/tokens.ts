/**
 * The workspace of the ruleset engine, a list of tokens, and the metasymbols of rules and macro text.
 *
 * A token is a latin1 string (one code unit per octet): an atom, one operator character, or a quoted string with its
 * quotes. A metasymbol is one code unit from 0x80 to 0x9f, a range that addresses may not contain, so nothing from
 * outside can look like one.
 */
export type Tokens = readonly string[];

/** The `$` of macro text (macro-text.ts): `$x`, `$?x`, `$*` ... as they are kept until a rule is made of them. */
export const MACRO = "\x81";
/** `$&x`: replaced when the rule runs; the name follows. */
export const DEFERRED_MACRO = "\x82";
/** `$(`, `$)`: look-up in a named map. */
export const LOOKUP_BEGIN = "\x85";
export const LOOKUP_END = "\x86";
/** `$*`, `$+`, `$-`: any number of tokens, at least one, exactly one. */
export const MATCH_ANY = "\x90";
export const MATCH_SOME = "\x91";
export const MATCH_ONE = "\x92";
/** `$=x`, `$~x`: in class x, one token not in class x; the name follows. */
export const MATCH_CLASS = "\x93";
export const MATCH_NOT_CLASS = "\x94";
/** `$0` to `$9`: the digit follows. */
export const ARGUMENT = "\x95";
/** `$#`, `$@` and `$:` of a triple, as they stand in a workspace. */
export const CANON_MAILER = "\x96";
export const CANON_HOST = "\x97";
export const CANON_USER = "\x98";
/** `$>` */
export const CALL = "\x99";
/** `$?x`: the name follows. */
const IF = "\x9a";
/** `$|`, the separator of two arguments of check rulesets, and "else" in macro text. */
export const ARGUMENT_SEPARATOR = "\x9b";
/** `$.` */
const END_IF = "\x9c";
/** `$[`, `$]`: look-up in the map "host". */
export const HOST_BEGIN = "\x9d";
export const HOST_END = "\x9e";

/** Metasymbols that a name follows, as `x` or `{name}`. */
export const NAMED_METASYMBOLS: ReadonlySet<string> = new Set([DEFERRED_MACRO, IF, MATCH_CLASS, MATCH_NOT_CLASS]);

/**
 * In what a configuration file says, this stands before each of its own octets that look like metasymbols (and before
 * itself), so that UTF-8 text in a macro or header is never taken for one. expandMacros takes it away.
 */
export const LITERAL = "\xff";

/** What is written after `$` → the metasymbol. Digits and names are not here: see ARGUMENT and MACRO. */
export const METASYMBOLS: ReadonlyMap<string, string> = new Map([
  ["&", DEFERRED_MACRO],
  ["?", IF],
  [".", END_IF],
  ["[", HOST_BEGIN],
  ["]", HOST_END],
  ["(", LOOKUP_BEGIN],
  [")", LOOKUP_END],
  ["*", MATCH_ANY],
  ["+", MATCH_SOME],
  ["-", MATCH_ONE],
  ["=", MATCH_CLASS],
  ["~", MATCH_NOT_CLASS],
  ["#", CANON_MAILER],
  ["@", CANON_HOST],
  [":", CANON_USER],
  ["|", ARGUMENT_SEPARATOR],
  [">", CALL],
]);

const printedMetasymbols: ReadonlyMap<string, string> = new Map([
  ...[...METASYMBOLS].map(([letter, symbol]) => [symbol, `$${letter}`] as const),
  [MACRO, "$"],
  [ARGUMENT, "$"],
]);

const SHOWN_OTHERWISE = /[\x00-\x1f\x7f-\xff]/g;

/** How an octet that is no plain character is shown; `written` is how a metasymbol is written. Undefined: as always. */
export type OctetStyle = (octet: string, written: string | undefined) => string | undefined;

/** Debug category 84 and -dANSI, which belong to the process. */
let style: OctetStyle | undefined;

export function styleOctets(wanted: OctetStyle | undefined): void {
  style = wanted;
}

/** Whether tokens print as they always do, so that their printed form can be kept. */
export function printsAsWritten(): boolean {
  return style === undefined;
}

/** Text as test mode and traces print it: metasymbols as written, octets with the high bit as `M-x`, control characters not at all. */
export function printable(text: string): string {
  return text.replace(SHOWN_OTHERWISE, printOctet);
}

function printOctet(octet: string): string {
  if (octet === "\t") return "\\t";
  if (octet === "\n") return "\\n";
  if (octet === "\r") return "\\r";
  if (octet < " " || octet === "\x7f") return style?.(octet, undefined) ?? "";
  const written = printedMetasymbols.get(octet);
  const styled = style?.(octet, written) ?? written;
  return styled ?? `M-${printable(String.fromCharCode(octet.charCodeAt(0) & 0x7f))}`;
}

/** Tokens as traces print them: one blank between two. */
export function printTokens(tokens: Tokens): string {
  return tokens.map(printable).join(" ");
}
