/**
 * Integer expressions (eval): 32 bits, two's complement, wrapping. Read and computed in one go, because what GNU m4 says
 * about a wrong expression, and even how it goes on behind a division by zero in the half of `||` that does not matter,
 * depends on where the reader stands at that moment.
 */
import { InputTooLarge } from "./input.ts";

/** What is wrong with an expression, in the words of GNU m4. */
export class ArithmeticError extends Error {
  /** Nothing is wrong with how it is written: `1 || 1/0` is 1. */
  readonly harmlessWhenUnused: boolean;
  constructor(message: string, harmlessWhenUnused = false) {
    super(message);
    this.harmlessWhenUnused = harmlessWhenUnused;
  }
}

/** A sign like `++`: GNU m4 does not only complain, its run has failed. */
export class OperatorError extends ArithmeticError {
  constructor() {
    super("invalid operator in eval");
  }
}

const BAD = "bad expression in eval";

type Compute = (left: number, right: number) => number;

/** Tightest last; `**` binds tighter than all of them. */
const levels: readonly Readonly<Record<string, Compute>>[] = [
  { "|": (left, right) => left | right },
  { "^": (left, right) => left ^ right },
  { "&": (left, right) => left & right },
  {
    "==": (left, right) => Number(left === right),
    "=": (left, right) => Number(left === right),
    "!=": (left, right) => Number(left !== right),
  },
  {
    "<": (left, right) => Number(left < right),
    "<=": (left, right) => Number(left <= right),
    ">": (left, right) => Number(left > right),
    ">=": (left, right) => Number(left >= right),
  },
  { "<<": (left, right) => left << right, ">>": (left, right) => left >> right },
  { "+": (left, right) => (left + right) | 0, "-": (left, right) => (left - right) | 0 },
  {
    "*": Math.imul,
    "/": (left, right) => (left / nonZero(right, "divide by zero in eval")) | 0,
    "%": (left, right) => (left % nonZero(right, "modulo by zero in eval")) | 0,
  },
];

const prefixes: Readonly<Record<string, (value: number) => number>> = {
  "-": (value) => -value | 0,
  "+": (value) => value,
  "~": (value) => ~value,
  "!": (value) => Number(value === 0),
};

const TOKEN = /[ \t\n\v\f\r]*(\d|\+[+=]|-[-=]|\*\*|<<=?|>>=?|[=!<>*/%^&|]=|&&|\|\||[-+*/%<>=!~^&|()]|)/y;
/** Read as one sign, but no operator here. */
const NOT_OPERATORS = new Set(["++", "+=", "--", "-=", "*=", "/=", "%=", "<<=", ">>=", "^=", "&=", "|="]);
const DEEPEST = 1000;

/** Value of an expression; `warn` hears of doubtful ones. Throws ArithmeticError. */
export function evaluate(expression: string, warn: (message: string) => void): number {
  return new Reader(expression, warn).whole();
}

class Reader {
  readonly #text: string;
  readonly #warn: (message: string) => void;
  #at = 0;
  #depth = 0;
  /** The sign that comes next: an operator, "number", "end", or "?" for a character that means nothing. */
  #sign = "end";
  #number = 0;

  constructor(text: string, warn: (message: string) => void) {
    this.#text = text;
    this.#warn = warn;
  }

  whole(): number {
    this.#next();
    const value = this.#or();
    if (this.#sign !== "end") throw this.#stray(`${BAD} (excess input)`);
    return value;
  }

  #next(): void {
    TOKEN.lastIndex = this.#at;
    const [, sign] = TOKEN.exec(this.#text)!;
    this.#at = TOKEN.lastIndex;
    if (sign === "") this.#sign = this.#at >= this.#text.length ? "end" : "?";
    else if (sign >= "0" && sign <= "9") this.#readNumber();
    else this.#sign = sign;
  }

  /** `0x1f`, `0b11`, `0r36:z`, `017`, `12`; ends at the first character that is no digit of its radix. */
  #readNumber(): void {
    const mark = /0(?:[xX]|[bB]|[rR](\d*)(:?))?|/y;
    mark.lastIndex = this.#at - 1;
    const [prefix, radixDigits, colon] = mark.exec(this.#text)!;
    let radix = 10;
    if (prefix !== "") {
      this.#at += prefix.length - 1;
      radix = { x: 16, b: 2, r: Number(radixDigits) }[prefix[1]?.toLowerCase()] ?? 8;
      if (radixDigits !== undefined && (colon === "" || radix < 1 || radix > 36)) {
        this.#sign = "?";
        return;
      }
    } else this.#at--;
    let value = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const digit = /[0-9a-z]/i.test(this.#text[this.#at]) ? parseInt(this.#text[this.#at], 36) : 99;
      if (radix === 1 ? digit > 1 : digit >= radix) break;
      value = radix === 1 ? value + digit : (Math.imul(value, radix) + digit) | 0;
    }
    this.#sign = "number";
    this.#number = value;
  }

  #sees(sign: string): boolean {
    return this.#sign === sign;
  }

  #stray(otherwise: string): ArithmeticError {
    if (this.#sign === "?") return new ArithmeticError(`${BAD} (bad input)`);
    return NOT_OPERATORS.has(this.#sign) ? new OperatorError() : new ArithmeticError(otherwise);
  }

  /** Behind an operator: the sign of its right side. */
  #skipOperator(): void {
    this.#next();
    if (this.#sign === "?") throw new ArithmeticError(`${BAD} (bad input)`);
  }

  #or(): number {
    let value = this.#and();
    while (this.#sign === "||") {
      this.#skipOperator();
      value = this.#unlessUnused(value !== 0, () => this.#and()) || value !== 0 ? 1 : 0;
    }
    return value;
  }

  #and(): number {
    let value = this.#binary(0);
    while (this.#sign === "&&") {
      this.#skipOperator();
      value = this.#unlessUnused(value === 0, () => this.#binary(0)) && value !== 0 ? 1 : 0;
    }
    return value;
  }

  #unlessUnused(unused: boolean, read: () => number): number {
    try {
      return read();
    } catch (error) {
      if (unused && error instanceof ArithmeticError && error.harmlessWhenUnused) return 0;
      throw error;
    }
  }

  #binary(level: number): number {
    if (level === levels.length) return this.#power();
    let value = this.#binary(level + 1);
    for (let compute = levels[level][this.#sign]; compute !== undefined; compute = levels[level][this.#sign]) {
      const plainEqual = this.#sign === "=";
      this.#skipOperator();
      const right = this.#binary(level + 1);
      if (plainEqual) this.#warn("recommend ==, not =, for equality operator");
      value = compute(value, right);
    }
    return value;
  }

  #power(): number {
    const base = this.#unary();
    if (this.#sign !== "**") return base;
    this.#skipOperator();
    return raise(base, this.#power());
  }

  #unary(): number {
    const apply = prefixes[this.#sign];
    if (apply === undefined) return this.#primary();
    if (++this.#depth > DEEPEST) throw new ArithmeticError(BAD);
    this.#skipOperator();
    const value = apply(this.#unary());
    this.#depth--;
    return value;
  }

  #primary(): number {
    if (this.#sign === "number") {
      const value = this.#number;
      this.#next();
      return value;
    }
    if (this.#sign !== "(") {
      throw NOT_OPERATORS.has(this.#sign) ? new OperatorError() : new ArithmeticError(BAD);
    }
    if (++this.#depth > DEEPEST) throw new ArithmeticError(BAD);
    this.#skipOperator();
    const value = this.#or();
    if (!this.#sees(")")) throw this.#stray(`${BAD} (missing right parenthesis)`);
    this.#next();
    this.#depth--;
    return value;
  }
}

function nonZero(value: number, message: string): number {
  if (value === 0) throw new ArithmeticError(message, true);
  return value;
}

function raise(base: number, exponent: number): number {
  if (exponent < 0) throw new ArithmeticError("negative exponent in eval", true);
  if (base === 0 && exponent === 0) throw new ArithmeticError("divide by zero in eval", true);
  let value = 1;
  for (let square = base, left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) value = Math.imul(value, square);
    square = Math.imul(square, square);
  }
  return value;
}

const LONGEST = 1 << 26;
const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";

/** As eval prints: minus sign, then at least `width` digits. Radix 1 counts with ones. */
export function formatInteger(value: number, radix: number, width: number): string {
  let size = Math.abs(value);
  if (width > LONGEST || (radix === 1 && size > LONGEST)) throw new InputTooLarge("number has more than 64 M digits");
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
