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

/** The name that is left of `{.}`: one that can be used. It is written as it is called; `{}` in a source is an error. */
export const OF_STRANGERS = "{}";

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
  if (given === "" && close !== -1) return { name: undefined, end: end + 1, problems: [NO_NAME] };
  if (close !== -1 && given.length <= LONGEST && /^\w*$/.test(given)) {
    return { name: given, end: end + 1, problems: NONE };
  }
  const { name, problems, longer } = withoutStrangers(given);
  if (longer) {
    const tooLong = `Macro/class name ({${name}}) too long (${LONGEST} chars max)`;
    return { name: undefined, end: end + (close === -1 ? 0 : 1), problems: [...problems, tooLong, NO_ID] };
  }
  if (close === -1) return { name: undefined, end, problems: [...problems, `Unbalanced { on ${name}`, NO_ID] };
  return { name: name === "" ? OF_STRANGERS : name, end: end + 1, problems };
}

/** Characters that have no place are told and left out, up to the place where the name is full. */
function withoutStrangers(given: string): { name: string; problems: string[]; longer: boolean } {
  const problems: string[] = [];
  let name = "";
  for (const character of given) {
    if (name.length === LONGEST) return { name, problems, longer: true };
    if (/\w/.test(character)) name += character;
    else problems.push(`Invalid macro/class character ${String.fromCharCode(character.charCodeAt(0) & 0x7f)}`);
  }
  return { name, problems, longer: false };
}

/** The name as it is written after `$`: braces only where they are needed, nothing for no name. */
export function writeMacroName(name: string): string {
  return name.length < 2 || name === OF_STRANGERS ? name : `{${name}}`;
}
