/** Reads the name of a macro or class: one character, or `{name}`. */

/** The longest `{name}`. */
const LONGEST = 25;

export interface NameReading {
  /** Without braces (`{x}` and `x` are the same); undefined when there is none that could be used. */
  readonly name: string | undefined;
  /** Index after the name. */
  readonly end: number;
  /** sendmail's messages. */
  readonly problems: readonly string[];
}

const NONE: readonly string[] = [];

/** Reads the name that starts at index `at` of `text`. */
export function readMacroName(text: string, at: number): NameReading {
  const first = text[at];
  if (first === undefined) return { name: undefined, end: at, problems: ["Name required for macro/class"] };
  if (first !== "{") return { name: first, end: at + 1, problems: NONE };
  return { name: undefined, end: at, problems: NONE };
}
