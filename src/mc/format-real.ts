/**
 * Floating-point numbers as C reads and prints them. A double is a whole number times a power of two, so every digit it
 * has can be had exactly; what is cut off is rounded to even.
 */
import type { Conversion } from "./conversion.ts";

const BLANK = /^[ \t\n\v\f\r]/;
const NUMBER =
  /^[ \t\n\v\f\r]*([-+]?)(?:(inf(?:inity)?)|(nan(?:\(\w*\))?)|(0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[-+]?\d+)?)|((?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?))/i;

/** Sign and size apart, because a NaN has a sign as well. */
export interface Real {
  readonly negative: boolean;
  readonly size: number;
}

/** A number as C's strtod reads it: "inf" and "0x1p3" are some. */
export function readReal(text: string, complain: (message: string) => void): Real {
  if (text === "") complain("empty string treated as 0");
  const match = NUMBER.exec(text);
  if (match === null) {
    if (text !== "") complain(`non-numeric argument ${text}`);
    return { negative: false, size: 0 };
  }
  const [all, sign, infinite, nan, sixteen, decimal] = match;
  const size = infinite ? Infinity : nan ? NaN : sixteen ? readHexadecimal(sixteen) : Number(decimal);
  if (all.length < text.length) complain(`non-numeric argument ${text}`);
  else if (BLANK.test(text)) complain("leading whitespace ignored");
  else if (!infinite && isOutOfRange(size, decimal)) complain("numeric overflow detected");
  return { negative: sign === "-", size };
}

const LEAST_NORMAL = 2 ** -1022;

/** C says the same of a number that is too small to be held with all its digits. */
function isOutOfRange(size: number, decimal: string | undefined): boolean {
  return size === Infinity || (size < LEAST_NORMAL && decimal !== undefined && /[1-9]/.test(decimal.split(/e/i)[0]));
}

function readHexadecimal(text: string): number {
  const [, whole, fraction = "", exponent = "0"] = /^0x([0-9a-f]*)\.?([0-9a-f]*)(?:p([-+]?\d+))?$/i.exec(text)!;
  return Number(BigInt(`0x0${whole}${fraction}`)) * 2 ** (Number(exponent) - 4 * fraction.length);
}

/** What stands before a number. */
export function signOf(negative: boolean, flags: string): string {
  return negative ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
}

interface Shown {
  readonly sign: string;
  readonly prefix: string;
  readonly digits: string;
  readonly finite: boolean;
}

export function formatReal({ negative, size }: Real, { flags, precision, letter }: Conversion): Shown {
  const kind = letter.toLowerCase();
  const upper = letter !== kind;
  const finite = Number.isFinite(size);
  const digits = finite ? shows[kind](size, precision, flags.includes("#")) : Number.isNaN(size) ? "nan" : "inf";
  const prefix = kind === "a" && finite ? "0x" : "";
  const sign = signOf(negative, flags);
  return upper
    ? { sign, prefix: prefix.toUpperCase(), digits: digits.toUpperCase(), finite }
    : { sign, prefix, digits, finite };
}

type Show = (size: number, precision: number | undefined, point: boolean) => string;

const shows: Readonly<Record<string, Show>> = {
  f: (size, precision = 6, point) => fixed(size, precision, point),
  e: (size, precision = 6, point) => exponential(size, precision, point),
  g: (size, precision = 6, point) => general(size, precision || 1, point),
  a: hexadecimal,
};

/** `mantissa` times 2 to the power of `exponent`, exactly. */
function partsOf(size: number): { readonly mantissa: bigint; readonly exponent: number } {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, size);
  const all = bits.getBigUint64(0);
  const exponent = Number((all >> 52n) & 0x7ffn);
  const fraction = all & 0xfffffffffffffn;
  return exponent === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | 0x10000000000000n, exponent: exponent - 1075 };
}

/** The whole number nearest to `size` times 10 to the power of `scale`; of two the even one. */
function scaled(size: number, scale: number): bigint {
  const { mantissa, exponent } = partsOf(size);
  let over = mantissa;
  let under = 1n;
  if (exponent >= 0) over <<= BigInt(exponent);
  else under <<= BigInt(-exponent);
  if (scale >= 0) over *= 10n ** BigInt(scale);
  else under *= 10n ** BigInt(-scale);
  return divideToEven(over, under);
}

function divideToEven(over: bigint, under: bigint): bigint {
  const quotient = over / under;
  const twice = (over % under) * 2n;
  return twice > under || (twice === under && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

function withPoint(digits: string, decimals: number, point: boolean): string {
  if (decimals === 0) return point ? `${digits}.` : digits;
  const all = digits.padStart(decimals + 1, "0");
  return `${all.slice(0, -decimals)}.${all.slice(-decimals)}`;
}

function fixed(size: number, decimals: number, point: boolean): string {
  return withPoint(scaled(size, decimals).toString(), decimals, point);
}

/** Leading digits, `count` of them, and the power of ten of the first. */
function significant(size: number, count: number): { readonly digits: string; readonly power: number } {
  if (size === 0) return { digits: "0".repeat(count), power: 0 };
  let power = Math.floor(Math.log10(size));
  // The logarithm may be off by one, and rounding may carry into another digit.
  if (scaled(size, count - 1 - power).toString().length < count) power--;
  let digits = scaled(size, count - 1 - power).toString();
  if (digits.length > count) digits = scaled(size, count - 1 - ++power).toString();
  return { digits, power };
}

function exponential(size: number, decimals: number, point: boolean): string {
  const { digits, power } = significant(size, decimals + 1);
  const exponent = String(Math.abs(power)).padStart(2, "0");
  return `${withPoint(digits, decimals, point)}e${power < 0 ? "-" : "+"}${exponent}`;
}

function general(size: number, count: number, keep: boolean): string {
  const { power } = significant(size, count);
  const small = power < -4 || power >= count;
  const text = small ? exponential(size, count - 1, keep) : fixed(size, count - 1 - power, keep);
  if (keep || !text.includes(".")) return text;
  return text.replace(/\.?0+(?=e|$)/, "");
}

const FRACTION_BITS = 52;

function hexadecimal(size: number, precision: number | undefined, point: boolean): string {
  const { mantissa, exponent } = partsOf(size);
  const power = size === 0 ? 0 : exponent + FRACTION_BITS;
  const kept = precision === undefined || precision > 13 ? 13 : precision;
  const rounded = divideToEven(mantissa, 1n << BigInt(FRACTION_BITS - 4 * kept));
  const all = rounded.toString(16).padStart(kept + 1, "0");
  const whole = kept === 0 ? all : all.slice(0, -kept);
  let fraction = kept === 0 ? "" : all.slice(-kept);
  fraction = precision === undefined ? fraction.replace(/0+$/, "") : fraction.padEnd(precision, "0");
  const dot = fraction !== "" || point ? "." : "";
  return `${whole}${dot}${fraction}p${power < 0 ? "-" : "+"}${Math.abs(power)}`;
}
