/**
 * Reads the name of a macro or class: one character, or `{name}` of letters, digits and `_`.
 *
 * Other characters inside braces are reported and left out, so that `{a-b}` is the macro `ab`, as sendmail has it.
 * Reading stops where a name is too long: what follows is not looked at.
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
  /** Index in the text of what each problem is about. */
  readonly places: readonly number[];
}

/** The name that is left of `{.}`: one that can be used. It is written as it is called; `{}` in a source is an error. */
export const OF_STRANGERS = "{}";

const NONE: readonly string[] = [];
const NOWHERE: readonly number[] = [];
const NO_NAME = "Name required for macro/class";
const NO_ID = "Unable to assign macro/class ID (mid = 0xffffffff)";

/** Nothing that could be used. */
function none(end: number, problems: readonly string[], places: readonly number[]): NameReading {
  return { name: undefined, end, problems, places };
}

/** Reads the name that starts at index `at` of `text`. */
export function readMacroName(text: string, at: number): NameReading {
  const first = text[at];
  if (first === undefined) return { name: undefined, end: at, problems: [NO_NAME], places: [at] };
  if (first !== "{") return { name: first, end: at + 1, problems: NONE, places: NOWHERE };
  const close = text.indexOf("}", at);
  const end = close === -1 ? text.length : close;
  const given = text.slice(at + 1, end);
  if (given === "" && close !== -1) return none(end + 1, [NO_NAME], [at]);
  if (close !== -1 && given.length <= LONGEST && /^\w*$/.test(given)) {
    return { name: given, end: end + 1, problems: NONE, places: NOWHERE };
  }
  const { name, problems, places, longer } = withoutStrangers(given, at + 1);
  if (longer) {
    const tooLong = `Macro/class name ({${name}}) too long (${LONGEST} chars max)`;
    return none(end + (close === -1 ? 0 : 1), [...problems, tooLong, NO_ID], [...places, at, at]);
  }
  if (close === -1) return none(end, [...problems, `Unbalanced { on ${name}`, NO_ID], [...places, at, at]);
  return { name: name === "" ? OF_STRANGERS : name, end: end + 1, problems, places };
}

interface Cleaned {
  readonly name: string;
  readonly problems: readonly string[];
  readonly places: readonly number[];
  /** There is more than fits into a name. */
  readonly longer: boolean;
}

/** Characters that have no place are told and left out, up to the place where the name is full. */
function withoutStrangers(given: string, at: number): Cleaned {
  const problems: string[] = [];
  const places: number[] = [];
  let name = "";
  for (let index = 0; index < given.length; index++) {
    const character = given[index];
    if (name.length === LONGEST) return { name, problems, places, longer: true };
    if (/\w/.test(character)) name += character;
    else {
      problems.push(`Invalid macro/class character ${String.fromCharCode(character.charCodeAt(0) & 0x7f)}`);
      places.push(at + index);
    }
  }
  return { name, problems, places, longer: false };
}

/** The name as it is written after `$`: braces only where they are needed, nothing for no name. */
export function writeMacroName(name: string): string {
  return name.length < 2 || name === OF_STRANGERS ? name : `{${name}}`;
}
