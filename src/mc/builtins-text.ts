/** Builtins that compute with text and numbers; they change nothing. */
import { ArithmeticError, evaluate, formatInteger } from "./arithmetic.ts";
import { ANY, numberArgument, type Row } from "./builtin-row.ts";
import { fillIn, replaceAll, search } from "./emacs-regexp.ts";
import type { Call } from "./expand.ts";
import { format } from "./format.ts";

export const textBuiltins: readonly Row[] = [
  ["len", ({ text }) => String((text(0) ?? "").length), 1, 1, true],
  ["index", index, 2, 2, true],
  ["substr", substr, 2, 3, true],
  ["translit", translit, 2, 3, true],
  ["regexp", regexp, 2, 3, true],
  ["patsubst", patsubst, 2, 3, true],
  ["format", formatted, 1, ANY, true],
  ["eval", evaluated, 1, 3, true],
  ["incr", (call) => add(call, 1), 1, 1, true],
  ["decr", (call) => add(call, -1), 1, 1, true],
];

function index({ args, text }: Call): string {
  return args.length < 2 ? "0" : String(text(0)!.indexOf(text(1)!));
}

function substr(call: Call): string | undefined {
  const text = call.text(0) ?? "";
  if (call.args.length < 2) return text;
  const start = numberArgument(call, 1);
  const length = call.args.length < 3 ? text.length : numberArgument(call, 2);
  if (start === undefined || length === undefined || start < 0 || length <= 0) return undefined;
  return text.slice(start, start + length);
}

function translit({ text, args }: Call): string | undefined {
  const from = expandRanges(text(1) ?? "");
  if (args.length < 2 || from === "") return text(0);
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

function withPattern(call: Call, use: () => string | undefined): string | undefined {
  try {
    return use();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    call.m4.report("error", `bad regular expression \`${call.text(1)}': ${error.message}`);
    return undefined;
  }
}

/** The place of the first match, or with a replacement that text filled in, alone. */
function regexp(call: Call): string | undefined {
  const { text } = call;
  if (call.args.length < 2) return "0";
  return withPattern(call, () => {
    const match = search(text(1)!, text(0)!, 0);
    const replacement = text(2);
    if (replacement === undefined) return String(match?.index ?? -1);
    return match === undefined ? undefined : fillIn(replacement, match);
  });
}

function patsubst(call: Call): string | undefined {
  const { text } = call;
  if (call.args.length < 2) return text(0);
  return withPattern(call, () => replaceAll(text(0)!, text(1)!, text(2) ?? ""));
}

function formatted({ m4, args, text }: Call): string {
  const rest = args.slice(1).map((_each, at) => text(at + 1)!);
  return format(text(0) ?? "", rest, (message) => m4.report("warning", message));
}

function evaluated(call: Call): string | undefined {
  const { m4, text, args } = call;
  const radix = text(1) ? numberArgument(call, 1) : 10;
  const width = args.length > 2 ? numberArgument(call, 2) : 1;
  if (radix === undefined || width === undefined) return undefined;
  if (radix < 1 || radix > 36) {
    m4.report("error", `radix ${radix} in builtin \`eval' is out of range: 1 to 36`);
    return undefined;
  }
  if (width < 0) {
    m4.report("error", "negative width to builtin `eval'");
    return undefined;
  }
  if ((text(0) ?? "") === "") {
    m4.report("warning", "empty string treated as 0 in builtin `eval'");
    return formatInteger(0, radix, width);
  }
  try {
    return formatInteger(evaluate(text(0)!), radix, width);
  } catch (error) {
    if (!(error instanceof ArithmeticError)) throw error;
    m4.report("error", `${error.message} in builtin \`eval'`);
    return undefined;
  }
}

function add(call: Call, amount: number): string | undefined {
  const value = numberArgument(call, 0);
  return value === undefined ? undefined : String((value + amount) | 0);
}
