/** Builtins that compute with text and numbers; they change nothing. */
import { ArithmeticError, evaluate, formatInteger, OperatorError } from "./arithmetic.ts";
import { ANY, numberArgument, type Row } from "./builtin-row.ts";
import { fillIn, type Pattern, patternOf, RegexError, replaceAll } from "./emacs-regexp.ts";
import type { Call } from "./expand.ts";
import { format } from "./format.ts";

const BLIND = { blind: true };
/** Without the rest of the arguments: the first one, or no match. */
const FIRST = { blind: true, whenTooFew: ([first]: readonly string[]) => first };
const ZERO = { blind: true, whenTooFew: ({ length }: readonly string[]) => (length === 0 ? undefined : "0") };

export const textBuiltins: readonly Row[] = [
  ["len", ({ text }) => String(text(0)!.length), 1, 1, BLIND],
  ["index", ({ text }) => String(text(0)!.indexOf(text(1)!)), 2, 2, ZERO],
  ["substr", substr, 2, 3, FIRST],
  ["translit", translit, 2, 3, FIRST],
  ["regexp", regexp, 2, 3, { ...ZERO, gnu: true }],
  ["patsubst", patsubst, 2, 3, { ...FIRST, gnu: true }],
  ["format", formatted, 1, ANY, { blind: true, gnu: true }],
  ["eval", evaluated, 1, 3, BLIND],
  ["incr", (call) => add(call, 1), 1, 1, BLIND],
  ["decr", (call) => add(call, -1), 1, 1, BLIND],
];

function substr(call: Call): string | undefined {
  const text = call.text(0)!;
  const start = numberArgument(call, 1);
  if (start === undefined) return undefined;
  const length = call.args.length < 3 ? text.length : numberArgument(call, 2);
  if (length === undefined || start < 0 || length <= 0) return undefined;
  return text.slice(start, start + length);
}

function translit({ text }: Call): string | undefined {
  const from = expandRanges(text(1)!);
  if (from === "") return text(0);
  const to = expandRanges(text(2) ?? "");
  const map = new Map<string, string>();
  for (let at = 0; at < from.length; at++) if (!map.has(from[at])) map.set(from[at], to[at] ?? "");
  let out = "";
  for (const char of text(0)!) out += map.get(char) ?? char;
  return out;
}

/** `a-d` is `abcd`, `d-a` is `dcba`; a hyphen at an end is itself. */
function expandRanges(text: string): string {
  let out = "";
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "-" || at === 0 || at === text.length - 1) {
      out += text[at];
      continue;
    }
    const first = text.charCodeAt(at - 1);
    const last = text.charCodeAt(++at);
    const step = first <= last ? 1 : -1;
    for (let code = first; code !== last;) out += String.fromCharCode((code += step));
  }
  return out;
}

/** @param colon GNU m4 has one in the message of regexp, and none in that of patsubst */
function withPattern(
  { m4, text }: Call,
  colon: string,
  use: (pattern: Pattern) => string | undefined,
): string | undefined {
  let pattern: Pattern;
  try {
    pattern = patternOf(text(1)!);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    m4.complain(`bad regular expression${colon} \`${text(1)}': ${error.message}`);
    return undefined;
  }
  return use(pattern);
}

/** The place of the first match, or with a replacement that text filled in, alone. */
function regexp(call: Call): string | undefined {
  const [text, replacement] = [call.text(0)!, call.text(2)];
  return withPattern(call, ":", (pattern) => {
    const match = pattern.matcher.match(text);
    if (replacement === undefined) return String(match?.[0] ?? -1);
    return match && fillIn(replacement, text, match, pattern, (message) => call.m4.warn(message));
  });
}

function patsubst(call: Call): string | undefined {
  const warn = (message: string): void => call.m4.warn(message);
  return withPattern(call, "", (pattern) => replaceAll(call.text(0)!, pattern, call.text(2) ?? "", warn));
}

function formatted({ m4, args, text }: Call): string {
  const rest = args.slice(1).map((_each, at) => text(at + 1)!);
  return format(text(0)!, rest, {
    warn: (message) => m4.warn(message),
    complain: (message) => m4.complain(message),
  });
}

function evaluated(call: Call): string | undefined {
  const { m4, text, args } = call;
  const radix = text(1) ? numberArgument(call, 1) : 10;
  if (radix === undefined) return undefined;
  if (radix < 1 || radix > 36) {
    m4.complain(`radix ${radix} in builtin \`eval' out of range`);
    return undefined;
  }
  const width = args.length > 2 ? numberArgument(call, 2) : 1;
  if (width === undefined) return undefined;
  if (width < 0) {
    m4.complain("negative width to builtin `eval'");
    return undefined;
  }
  const expression = text(0)!;
  if (expression === "") {
    m4.complain("empty string treated as 0 in builtin `eval'");
    return formatInteger(0, radix, width);
  }
  try {
    return formatInteger(
      evaluate(expression, (message) => m4.warn(message)),
      radix,
      width,
    );
  } catch (error) {
    if (!(error instanceof ArithmeticError)) throw error;
    const message = `${error.message}: ${expression}`;
    if (error instanceof OperatorError) m4.error(message);
    else m4.complain(message);
    return undefined;
  }
}

function add(call: Call, amount: number): string | undefined {
  const value = numberArgument(call, 0);
  return value === undefined ? undefined : String((value + amount) | 0);
}
