/** The builtin format: C's printf for numbers and text, as far as GNU m4 has it. Missing arguments are 0 or empty. */
import { readNumber } from "./builtin-row.ts";
import type { Conversion } from "./conversion.ts";
import { formatReal, readReal, signOf } from "./format-real.ts";

export interface FormatListener {
  readonly warn: (message: string) => void;
  readonly complain: (message: string) => void;
}

const MAX_WIDTH = 1_000_000;
const ZERO = { negative: false, size: 0 };

/** What goes with a letter: flags, sizes, and whether there is a precision. */
interface Letter {
  readonly flags: string;
  readonly sizes: readonly string[];
  readonly precision: boolean;
  readonly kind: "integer" | "real" | "text" | "character";
}

const INTEGER = { sizes: ["", "hh", "h", "l"], precision: true, kind: "integer" } as const;
const REAL = { flags: "-+ #0'", sizes: ["", "l"], precision: true, kind: "real" } as const;
const SIGNED = { ...INTEGER, flags: "-+ 0'" };
const UNSIGNED = { ...INTEGER, flags: "-0'" };
const BITS = { ...INTEGER, flags: "-#0" };

const letters: Readonly<Record<string, Letter>> = {
  c: { flags: "-", sizes: [""], precision: false, kind: "character" },
  s: { flags: "-", sizes: [""], precision: true, kind: "text" },
  d: SIGNED,
  i: SIGNED,
  u: UNSIGNED,
  o: BITS,
  x: BITS,
  X: BITS,
  a: { ...REAL, flags: "-+ #0" },
  A: { ...REAL, flags: "-+ #0" },
  e: { ...REAL, flags: "-+ #0" },
  E: { ...REAL, flags: "-+ #0" },
  f: REAL,
  F: REAL,
  g: REAL,
  G: REAL,
};

const CONVERSION = /%(?:(%)|([-+ #0']*)(\*|\d+)?(\.(?:\*|\d*))?(hh|h|l)?([^]?))/g;

/** A conversion that is not known prints as nothing and takes no argument. */
export function format(template: string, args: readonly string[], listener: FormatListener): string {
  let next = 0;
  const take = (): string | undefined => args[next++];
  const takeInteger = (): number => integer(take(), listener);
  return template.replace(
    CONVERSION,
    (_all, percent: string | undefined, given: string, width: string, dots: string, size: string, letter: string) => {
      if (percent) return "%";
      const wide = width === "*" ? takeInteger() : Number(width ?? 0);
      const precise = dots === undefined ? undefined : dots === ".*" ? takeInteger() : Number(dots.slice(1));
      const flags = wide < 0 ? `${given}-` : given;
      const about = letters[letter];
      const known =
        about !== undefined &&
        about.sizes.includes(size ?? "") &&
        (precise === undefined || about.precision) &&
        given.split("").every((flag) => about.flags.includes(flag));
      if (!known) {
        listener.warn(`unrecognized specifier in \`${template}'`);
        return "";
      }
      const conversion: Conversion = {
        flags,
        width: Math.min(Math.abs(wide), MAX_WIDTH),
        precision: precise === undefined || precise < 0 ? undefined : Math.min(precise, MAX_WIDTH),
        size: size ?? "",
        letter,
      };
      return convert(about.kind, take(), conversion, listener);
    },
  );
}

function convert(
  kind: Letter["kind"],
  argument: string | undefined,
  conversion: Conversion,
  listener: FormatListener,
): string {
  const { precision } = conversion;
  switch (kind) {
    case "text":
      return pad("", "", (argument ?? "").slice(0, precision), conversion, false);
    case "character": {
      // The text ends at an octet 0, as everywhere in C.
      const code = integer(argument, listener) & 0xff;
      return code === 0 ? "" : pad("", "", String.fromCharCode(code), conversion, false);
    }
    case "integer":
      return formatInteger(argument, conversion, listener);
    case "real": {
      const value = argument === undefined ? ZERO : readReal(argument, (problem) => listener.complain(problem));
      const { sign, prefix, digits, finite } = formatReal(value, conversion);
      return pad(sign, prefix, digits, conversion, finite);
    }
  }
}

/** As C's int; what is wrong with it is said, and the number in front of it counts. */
function integer(argument: string | undefined, listener: FormatListener): number {
  const { value, long } = readInteger(argument, listener);
  if (BigInt(value) !== long) listener.complain("numeric overflow detected");
  return value;
}

function readInteger(argument: string | undefined, { complain }: FormatListener): ReturnType<typeof readNumber> {
  if (argument === undefined) return { value: 0, long: 0n };
  const read = readNumber(argument);
  const { problem } = read;
  if (problem === "empty") complain("empty string treated as 0");
  else if (problem === "blanks") complain("leading whitespace ignored");
  else if (problem === "not numeric") complain(`non-numeric argument ${argument}`);
  else if (problem === "too large") complain("numeric overflow detected");
  return read;
}

const BITS_OF: Readonly<Record<string, number>> = { hh: 8, h: 16, "": 32, l: 64 };

function formatInteger(argument: string | undefined, conversion: Conversion, listener: FormatListener): string {
  const { letter, flags, precision, size } = conversion;
  const long = size === "l" ? readInteger(argument, listener).long : BigInt(integer(argument, listener));
  const isSigned = letter === "d" || letter === "i";
  const value = isSigned ? BigInt.asIntN(BITS_OF[size], long) : BigInt.asUintN(BITS_OF[size], long);
  const radix = letter === "o" ? 8 : letter === "x" || letter === "X" ? 16 : 10;
  let digits = (value < 0n ? -value : value).toString(radix);
  if (letter === "X") digits = digits.toUpperCase();
  if (precision === 0 && value === 0n) digits = "";
  digits = digits.padStart(precision ?? 0, "0");
  if (letter === "o" && flags.includes("#") && !digits.startsWith("0")) digits = `0${digits}`;
  const prefix = radix === 16 && flags.includes("#") && value !== 0n ? `0${letter}` : "";
  return pad(isSigned ? signOf(value < 0n, flags) : "", prefix, digits, conversion, precision === undefined);
}

function pad(sign: string, prefix: string, digits: string, { flags, width }: Conversion, zeros: boolean): string {
  const head = sign + prefix;
  if (flags.includes("-")) return (head + digits).padEnd(width);
  if (zeros && flags.includes("0")) return head + digits.padStart(width - head.length, "0");
  return (head + digits).padStart(width);
}
