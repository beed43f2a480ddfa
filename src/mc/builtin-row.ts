/** How a builtin is written down in the tables, and how it reads a number. */
import type { Action, Call } from "./expand.ts";
import type { Builtin } from "./symbols.ts";

/** Any number of arguments. */
export const ANY = Number.POSITIVE_INFINITY;

/** name, run, fewest and most arguments; what else there is to say. */
export type Row = readonly [
  name: string,
  run: Action,
  min: number,
  max: number,
  more?: {
    /** Only a name with parentheses is a call. */
    readonly blind?: boolean;
    readonly whenTooFew?: Builtin["whenTooFew"];
    /** Not there in traditional m4 (-G). */
    readonly gnu?: boolean;
  },
];

const BLANK = /^[ \t\n\v\f\r]/;
/** What C holds in a long. */
const MOST = 2n ** 63n - 1n;
const LEAST = -(2n ** 63n);

export interface ReadNumber {
  /** Cut to 32 bits. */
  readonly value: number;
  /** In a long, before it was cut. */
  readonly long: bigint;
  readonly problem?: "empty" | "not numeric" | "blanks" | "too large";
}

/** A decimal number as C's strtol reads it: what follows the digits is a problem, but the digits count. */
export function readNumber(text: string): ReadNumber {
  const [start, digits] = /^[ \t\n\v\f\r]*([-+]?\d+)?/.exec(text)!;
  const read = BigInt((digits ?? "0").replace("+", ""));
  const long = read > MOST ? MOST : read < LEAST ? LEAST : read;
  const value = Number(BigInt.asIntN(32, long));
  if (text === "") return { value, long, problem: "empty" };
  if (digits === undefined || start.length < text.length) return { value, long, problem: "not numeric" };
  if (BLANK.test(text)) return { value, long, problem: "blanks" };
  return long === read ? { value, long } : { value, long, problem: "too large" };
}

/** Argument `index` as an integer of 32 bits; undefined, with a complaint, when it is none. Empty is 0. */
export function numberArgument({ m4, name, text }: Call, index: number): number | undefined {
  const argument = text(index) ?? "";
  if (/^-?\d{1,9}$/.test(argument)) return Number(argument);
  const { value, problem } = readNumber(argument);
  if (problem === "not numeric") {
    m4.complain(`non-numeric argument to builtin \`${name}'`);
    return undefined;
  }
  if (problem === "empty") m4.complain(`empty string treated as 0 in builtin \`${name}'`);
  else if (problem === "blanks") m4.complain(`leading whitespace ignored in builtin \`${name}'`);
  else if (problem === "too large") m4.complain(`numeric overflow detected in builtin \`${name}'`);
  return value;
}
