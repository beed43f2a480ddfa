/** Integer expressions (eval): 32 bits, two's complement, wrapping. The grammar makes a tree, this file its value. */
import { parse } from "../generated/m4-eval.js";

type Node =
  | { readonly digits: string; readonly radix: number }
  | { readonly op: string; readonly left: Node; readonly right: Node };

export class ArithmeticError extends Error {}

const binary: Readonly<Record<string, (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": Math.imul,
  "/": (left, right) => left / nonZero(right, "divide by zero"),
  "%": (left, right) => left % nonZero(right, "modulo by zero"),
  "**": power,
  "<<": (left, right) => left << right,
  ">>": (left, right) => left >> right,
  "<": (left, right) => Number(left < right),
  "<=": (left, right) => Number(left <= right),
  ">": (left, right) => Number(left > right),
  ">=": (left, right) => Number(left >= right),
  "==": (left, right) => Number(left === right),
  "=": (left, right) => Number(left === right),
  "!=": (left, right) => Number(left !== right),
  "&": (left, right) => left & right,
  "^": (left, right) => left ^ right,
  "|": (left, right) => left | right,
  "unary-": (value) => -value,
  "unary+": (value) => value,
  "unary~": (value) => ~value,
  "unary!": (value) => Number(value === 0),
};

/** Value of an expression; throws ArithmeticError that says what is wrong with it. */
export function evaluate(expression: string): number {
  let tree: Node;
  try {
    tree = parse(expression) as Node;
  } catch (error) {
    const at = (error as { location?: { start: { offset: number } } }).location?.start.offset ?? 0;
    throw new ArithmeticError(
      `bad expression \`${expression}': cannot read on at \`${expression.slice(at) || "its end"}'`,
    );
  }
  return valueOf(tree);
}

function valueOf(node: Node): number {
  if ("digits" in node) return parseDigits(node.digits, node.radix);
  const { op, left, right } = node;
  if (op === "&&") return Number(valueOf(left) !== 0 && valueOf(right) !== 0);
  if (op === "||") return Number(valueOf(left) !== 0 || valueOf(right) !== 0);
  return binary[op](valueOf(left), valueOf(right)) | 0;
}

function parseDigits(digits: string, radix: number): number {
  let value = 0;
  for (const digit of digits) {
    const each = parseInt(digit, 36);
    if (radix !== 1 && each >= radix) throw new ArithmeticError(`bad digit \`${digit}' in a number of radix ${radix}`);
    value = radix === 1 ? value + each : (Math.imul(value, radix) + each) | 0;
  }
  return value;
}

function nonZero(value: number, message: string): number {
  if (value === 0) throw new ArithmeticError(message);
  return value;
}

function power(base: number, exponent: number): number {
  if (exponent < 0) {
    if (base === 0) throw new ArithmeticError("divide by zero");
    return base === 1 ? 1 : base === -1 ? (exponent % 2 === 0 ? 1 : -1) : 0;
  }
  let value = 1;
  for (let square = base, left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) value = Math.imul(value, square);
    square = Math.imul(square, square);
  }
  return value;
}

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";

/** As eval prints: minus sign, then at least `width` digits. Radix 1 counts with ones. */
export function formatInteger(value: number, radix: number, width: number): string {
  let size = Math.abs(value);
  let digits = "";
  if (radix === 1) digits = "1".repeat(size);
  else {
    do {
      digits = DIGITS[size % radix] + digits;
      size = Math.floor(size / radix);
    } while (size > 0);
  }
  return (value < 0 ? "-" : "") + digits.padStart(width, "0");
}
