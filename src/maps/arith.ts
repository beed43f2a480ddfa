/**
 * The class arith: `$(arith + $@ 1 $@ 2 $)`. The key is the operator, the arguments are the operands.
 *
 * Operands are read as C's strtol does: decimal, octal (010) or hexadecimal (0x10), and 0 where there is no number.
 * Numbers beyond 64 bits are the largest; results wrap around. Of the operator the first character counts; -a adds nothing.
 */
import { EX } from "../sys/sysexits.ts";
import { computingFlags } from "./flags.ts";
import { type BareResult, found, type MapClass } from "./map-class.ts";

const NO_ANSWER: BareResult = { kind: "missing", status: EX.CONFIG };

/** Digits, with the sign, that a result may have; more are cut off. */
const LONGEST = 15;
const LARGEST = 2n ** 63n - 1n;
const SMALLEST = -(2n ** 63n);

type Operation = (a: bigint, b: bigint) => bigint | boolean | undefined;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => (b === 0n ? undefined : a / b),
  "%": (a, b) => (b === 0n ? undefined : a % b),
  "|": (a, b) => a | b,
  "&": (a, b) => a & b,
  l: (a, b) => a < b,
  "=": (a, b) => a === b,
  r: random,
};

export const arithClass: MapClass = {
  flags: computingFlags(),
  keepsCase: true,
  keepsQuotes: true,
  literal: true,
  appendsNothing: true,
  open: () => ({ find: (operator, args) => compute(operator, args) }),
};

function compute(operator: string, [first, second]: readonly string[]): BareResult {
  if (first === undefined || second === undefined) return NO_ANSWER;
  const result = OPERATIONS[operator.slice(0, 1)]?.(readNumber(first), readNumber(second));
  if (result === undefined) return NO_ANSWER;
  if (typeof result === "boolean") return found(result ? "TRUE" : "FALSE");
  return found(String(BigInt.asIntN(64, result)).slice(0, LONGEST));
}

/** A number from the first to the second, both included, in either order. */
function random(a: bigint, b: bigint): bigint {
  const [low, high] = a <= b ? [a, b] : [b, a];
  const span = high - low + 1n;
  const limit = BigInt(2 ** 48 - 1);
  return low + BigInt(Math.floor(Math.random() * Number(span < limit ? span : limit)));
}

function readNumber(text: string): bigint {
  const match = /^\s*([+-]?)(?:0[xX]([0-9a-fA-F]+)|0([0-7]*)|([0-9]+))/.exec(text);
  if (!match) return 0n;
  const [, sign, hexadecimal, octal, decimal] = match;
  const size = BigInt(hexadecimal ? `0x${hexadecimal}` : (decimal ?? `0o0${octal}`));
  const value = sign === "-" ? -size : size;
  return value > LARGEST ? LARGEST : value < SMALLEST ? SMALLEST : value;
}
