/**
 * Reads the name of a macro or class: one character, or `{name}` of letters, digits and `_`.
 *
 * Other characters inside braces are reported and left out, so that `{a-b}` is the macro `ab`, as sendmail has it.
 */

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
const NO_NAME = "Name required for macro/class";
const NO_ID = "Unable to assign macro/class ID (mid = 0xffffffff)";

/** Reads the name that starts at index `at` of `text`. */
export function readMacroName(text: string, at: number): NameReading {
  const first = text[at];
  if (first === undefined) return { name: undefined, end: at, problems: [NO_NAME] };
  if (first !== "{") return { name: first, end: at + 1, problems: NONE };
  const close = text.indexOf("}", at);
  const end = close === -1 ? text.length : close;
  const given = text.slice(at + 1, end);
  const problems: string[] = [];
  const name = /^\w*$/.test(given) ? given : withoutStrangers(given, problems);
  if (close === -1) {
    return { name: undefined, end, problems: [...problems, `Unbalanced { on ${name.slice(0, LONGEST)}`, NO_ID] };
  }
  if (name.length > LONGEST) {
    const tooLong = `Macro/class name ({${name.slice(0, LONGEST)}}) too long (${LONGEST} chars max)`;
    return { name: undefined, end: end + 1, problems: [...problems, tooLong, NO_ID] };
  }
  if (name === "") return { name: undefined, end: end + 1, problems: [...problems, NO_NAME] };
  return { name, end: end + 1, problems };
}

function withoutStrangers(given: string, problems: string[]): string {
  return given.replace(/\W/g, (stranger) => {
    problems.push(`Invalid macro/class character ${stranger}`);
    return "";
  });
}

/** The name as it is written after `$`: braces only where they are needed, nothing for no name. */
export function writeMacroName(name: string): string {
  return name.length < 2 ? name : `{${name}}`;
}
