/** The builtin format: C's printf for numbers and text. Missing arguments are 0 or empty. */

interface Conversion {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
}

const MAX_WIDTH = 10_000;

/** `warn` hears of conversions that are not known: they print as nothing. */
export function format(template: string, args: readonly string[], warn: (message: string) => void): string {
  let next = 0;
  const take = (): string => args[next++] ?? "";
  const takeNumber = (): number => Math.trunc(Number(take())) || 0;
  return template.replace(
    /%(?:(%)|([-+ #0']*)(\*|\d+)?(?:\.(\*|\d*))?(?:hh|h|ll|l|L|q|j|z|t)?([^]?))/g,
    (all, percent: string | undefined, flags: string, width: string, precision: string | undefined, letter: string) => {
      if (percent) return "%";
      const wide = width === "*" ? takeNumber() : Number(width ?? 0);
      const conversion: Conversion = {
        flags: wide < 0 ? `${flags}-` : flags,
        width: Math.min(Math.abs(wide), MAX_WIDTH),
        precision:
          precision === undefined
            ? undefined
            : Math.min(precision === "*" ? takeNumber() : Number(precision), MAX_WIDTH),
      };
      const convert = converters[letter];
      if (convert === undefined) {
        warn(`unrecognized specifier in \`${all}'`);
        return "";
      }
      return pad(convert(take(), conversion), conversion, "di".includes(letter) || "eEfFgGaA".includes(letter), letter);
    },
  );
}

type Converter = (argument: string, conversion: Conversion) => string;

const converters: Readonly<Record<string, Converter>> = {
  c: (argument) => String.fromCharCode(integer(argument) & 0xff),
  s: (argument, { precision }) => (precision === undefined ? argument : argument.slice(0, precision)),
  d: (argument, conversion) => digits(String(Math.abs(integer(argument))), conversion, integer(argument) < 0),
  i: (argument, conversion) => digits(String(Math.abs(integer(argument))), conversion, integer(argument) < 0),
  u: (argument, conversion) => digits(String(integer(argument) >>> 0), conversion),
  o: (argument, conversion) =>
    digits(alternate(conversion, "0", integer(argument)) + (integer(argument) >>> 0).toString(8), conversion),
  x: (argument, conversion) =>
    alternate(conversion, "0x", integer(argument)) + digits((integer(argument) >>> 0).toString(16), conversion),
  X: (argument, conversion) =>
    alternate(conversion, "0X", integer(argument)) +
    digits((integer(argument) >>> 0).toString(16).toUpperCase(), conversion),
  f: (argument, { flags, precision }) =>
    signed(flags, real(argument), Math.abs(real(argument)).toFixed(precision ?? 6)),
  F: (argument, { flags, precision }) =>
    signed(flags, real(argument), Math.abs(real(argument)).toFixed(precision ?? 6)),
  e: (argument, { flags, precision }) =>
    signed(flags, real(argument), exponential(Math.abs(real(argument)), precision ?? 6)),
  E: (argument, { flags, precision }) =>
    signed(flags, real(argument), exponential(Math.abs(real(argument)), precision ?? 6).toUpperCase()),
  g: (argument, { flags, precision }) =>
    signed(flags, real(argument), general(Math.abs(real(argument)), precision ?? 6)),
  G: (argument, { flags, precision }) =>
    signed(flags, real(argument), general(Math.abs(real(argument)), precision ?? 6).toUpperCase()),
};

function integer(text: string): number {
  return Math.trunc(Number(text.trim() || 0)) | 0;
}

function real(text: string): number {
  return Number(text.trim() || 0) || 0;
}

function alternate({ flags }: Conversion, mark: string, value: number): string {
  return flags.includes("#") && value !== 0 ? mark : "";
}

function digits(text: string, { flags, precision }: Conversion, negative?: boolean): string {
  const number = precision === undefined ? text : text.padStart(precision, "0");
  if (negative === undefined) return number;
  return (negative ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "") + number;
}

function signed(flags: string, value: number, text: string): string {
  return (value < 0 || Object.is(value, -0) ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "") + text;
}

/** C writes at least two digits of exponent. */
function exponential(value: number, precision: number): string {
  return value.toExponential(Math.min(precision, 100)).replace(/e([+-])(\d)$/, "e$10$2");
}

function general(value: number, precision: number): string {
  const wanted = Math.max(precision, 1);
  const exponent = value === 0 ? 0 : Number(value.toExponential(wanted - 1).split("e")[1]);
  if (exponent < -4 || exponent >= wanted) {
    return exponential(value, wanted - 1).replace(/\.?0+(?=e)/, "");
  }
  const text = value.toFixed(wanted - 1 - exponent);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function pad(text: string, { flags, width, precision }: Conversion, isSigned: boolean, letter: string): string {
  if (text.length >= width) return text;
  if (flags.includes("-")) return text.padEnd(width);
  const zeros =
    flags.includes("0") && letter !== "s" && letter !== "c" && (precision === undefined || "eEfFgG".includes(letter));
  if (!zeros) return text.padStart(width);
  const sign =
    isSigned && /^[-+ ]/.test(text) ? text[0] : /^0[xX]/.test(text) && "xX".includes(letter) ? text.slice(0, 2) : "";
  return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}
