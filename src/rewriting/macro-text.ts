/**
 * Macro text: `$x ${name} $$ $?x..$|..$.` in D lines, headers, options, mailer arguments.
 *
 * It has two forms. The *source* is what stands in a configuration file, with `$`. The *value* is what a configuration
 * keeps and what a MacroScope holds: MACRO (0x81) in place of each `$` that begins something, and `$` for `$$`. In
 * a value a dollar is an ordinary character, so what clients send can be stored as it is and will never be expanded.
 */
import { parse } from "../generated/macro-text.js";
import { readMacroName, writeMacroName } from "./macro-name.ts";
import type { MacroScope } from "./macro-scope.ts";
import { ARGUMENT, LITERAL, MACRO, METASYMBOLS, NAMED_METASYMBOLS, printable } from "./tokens.ts";

/** How often the values of macros are looked through for macros again. */
const DEEPEST = 10;
/** What a macro may grow to; a bomb of macros that double each other ends here. */
const LONGEST = 65_536;
/** Parsed templates that are kept; a configuration has some hundreds. */
const KEPT = 4_096;

export interface MacroSource {
  /** The value form. */
  readonly text: string;
  /** sendmail's messages about names. */
  readonly problems: readonly string[];
  /** Indices in the source of the names that the problems are about. */
  readonly places: readonly number[];
}

const NONE: readonly string[] = [];
const NOWHERE: readonly number[] = [];

/** Octets of a configuration file that look like metasymbols, marked as what they are. */
export function markLiterals(text: string): string {
  return text.replace(/[\x80-\x9f\xff]/g, `${LITERAL}$&`);
}

/** The octets again, without the marks. */
export function unmarkLiterals(text: string): string {
  return text.includes(LITERAL) ? text.replace(/\xff([\x80-\x9f\xff])/g, "$1") : text;
}

/** Source to value: what is done to a line of a configuration file before anything else looks at it. */
export function readMacroText(source: string): MacroSource {
  let dollar = source.indexOf("$");
  if (dollar === -1) return { text: source, problems: NONE, places: NOWHERE };
  let text = "";
  let done = 0;
  const problems: string[] = [];
  const places: number[] = [];
  while (dollar !== -1) {
    text += source.slice(done, dollar);
    done = dollar + 2;
    const letter: string | undefined = source[dollar + 1];
    const symbol = METASYMBOLS.get(letter ?? "");
    if (letter === "$" || letter === undefined) text += "$";
    else if ((letter >= "0" && letter <= "9") || (symbol !== undefined && !NAMED_METASYMBOLS.has(symbol))) {
      text += MACRO + letter;
    } else {
      text += symbol === undefined ? MACRO : MACRO + letter;
      const reading = readMacroName(source, symbol === undefined ? dollar + 1 : dollar + 2);
      if (reading.problems.length > 0) {
        problems.push(...reading.problems);
        places.push(...reading.places);
      }
      // Without a name there is nothing to refer to, and the line ends here.
      if (reading.name === undefined) return { text, problems, places };
      text += writeMacroName(reading.name);
      done = reading.end;
    }
    dollar = source.indexOf("$", done);
  }
  return { text: text + source.slice(done), problems, places };
}

/** What is written after `$` → the operator in a rule. */
export const OPERATORS: ReadonlyMap<string, string> = new Map([
  ...METASYMBOLS,
  ...Array.from("0123456789", (digit) => [digit, ARGUMENT + digit] as const),
]);

/**
 * What a rule is made of: the operators of a value as metasymbols. They are macros too, with the metasymbols as values,
 * and a configuration may give them others: after `D.x` it writes `$.` for x.
 */
export function readOperators(value: string, macros: MacroScope): string {
  if (!value.includes(MACRO)) return value;
  return value.replace(/(?<!\xff)\x81([0-9&.[\]()*+\-=~#@:|>])/g, (_, letter: string) => {
    return macros.get(letter) ?? OPERATORS.get(letter) ?? "";
  });
}

type Part =
  | string
  | { readonly kind: "macro" | "deferred"; readonly name: string }
  | { readonly kind: "condition"; readonly name: string; readonly branches: readonly (readonly Part[])[] };

const EXPANDABLE = /(?<!\xff)\x81(?![0-9.[\]()*+\-=~#@:|>])/;
const EXPANDABLE_WHILE_READING = /(?<!\xff)\x81(?![0-9.[\]()*+\-=~#@:|>&])/;

const templates = new Map<string, readonly Part[]>();

function template(value: string): readonly Part[] {
  let parts = templates.get(value);
  if (parts === undefined) {
    if (templates.size >= KEPT) templates.clear();
    parts = parse(value) as readonly Part[];
    templates.set(value, parts);
  }
  return parts;
}

/** A value as text, with the values of all macros filled in and conditionals decided. */
export function expandMacros(value: string, scope: MacroScope): string {
  if (!value.includes(MACRO)) return unmarkLiterals(value);
  const { text } = rounds(value, scope, EXPANDABLE, false);
  if (!text.includes(LITERAL)) return text.replaceAll(MACRO, "$");
  return text.replace(/\xff([\x80-\x9f\xff])|\x81/g, (_, octet: string | undefined) => octet ?? "$");
}

/**
 * What happens to an R, C or K line while a configuration is read: `$x` and `$?x` take the value of this moment, `$&x`,
 * `$1` and the operators stay.
 *
 * @param report gets a message when macros refer to each other without end
 */
export function expandWhileReading(value: string, scope: MacroScope, report?: (problem: string) => void): string {
  if (!EXPANDABLE_WHILE_READING.test(value)) return value;
  const { text, done } = rounds(value, scope, EXPANDABLE_WHILE_READING, true);
  if (!done) report?.(`expand: recursion too deep (${DEEPEST} max)`);
  return text;
}

/** Values may hold macros again, and a condition may begin in one value and end in another: whole rounds. */
function rounds(
  value: string,
  scope: MacroScope,
  expandable: RegExp,
  keepDeferred: boolean,
): { readonly text: string; readonly done: boolean } {
  let text = value;
  for (let round = 0; round <= DEEPEST; round++) {
    if (!expandable.test(text)) return { text, done: true };
    text = fill(template(text), scope, keepDeferred);
    if (text.length > LONGEST) return { text: text.slice(0, LONGEST), done: false };
  }
  return { text, done: !expandable.test(text) };
}

function fill(parts: readonly Part[], scope: MacroScope, keepDeferred: boolean): string {
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") text += part;
    else if (part.kind === "condition") {
      const skip = scope.get(part.name) ? 0 : 1;
      for (let i = skip; i < part.branches.length; i += 2) text += fill(part.branches[i], scope, keepDeferred);
    } else if (part.kind === "deferred" && keepDeferred) text += `${MACRO}&${writeMacroName(part.name)}`;
    else text += scope.get(part.name) ?? "";
  }
  return text;
}

/** A value as test mode shows it: `$x` again. */
export function printMacroText(value: string): string {
  return printable(value);
}
