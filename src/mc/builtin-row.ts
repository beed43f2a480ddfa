/** How a builtin is written down in the tables, and how it reads a number. */
import type { Call } from "./expand.ts";
import type { Builtin } from "./symbols.ts";

/** Any number of arguments. */
export const ANY = Number.POSITIVE_INFINITY;

/** name, run, fewest and most arguments; `blind`: only a name with parentheses is a call. */
export type Row = readonly [
  name: string,
  run: Builtin["run"],
  min: number,
  max: number,
  blind?: boolean,
  takesBuiltins?: boolean,
];

/** Argument `index` as a decimal integer; undefined, with a warning, when it is none. Empty is 0, with a warning. */
export function numberArgument({ m4, name, text }: Call, index: number): number | undefined {
  const argument = text(index) ?? "";
  if (argument === "") {
    m4.report("warning", `empty string treated as 0 in builtin \`${name}'`);
    return 0;
  }
  if (!/^\s*[-+]?\d+$/.test(argument)) {
    m4.report("warning", `non-numeric argument to builtin \`${name}'`);
    return undefined;
  }
  return Number(argument) | 0;
}
