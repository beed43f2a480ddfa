/**
 * Macro text: `$x ${name} $$ $?x..$|..$.` in D lines, headers, options, mailer arguments.
 *
 * It has two forms. The *source* is what stands in a configuration file, with `$`. The *value* is what a configuration
 * keeps and what a MacroScope holds: every `$x` has become a metasymbol (tokens.ts), `$$` has become `$`. In a value
 * a dollar is an ordinary character, so what clients send can be stored as it is and will never be expanded.
 */
import { printable } from "./tokens.ts";
import type { MacroScope } from "./macro-scope.ts";

/** Source to value: what is done to a line of a configuration file before anything else looks at it. */
export function readMacroText(source: string): string {
  return source;
}

/** A value as text, with the values of all macros filled in and conditionals decided. */
export function expandMacros(value: string, scope: MacroScope): string {
  void scope;
  return value;
}

/** A value as test mode shows it: `$x` again. */
export function printMacroText(value: string): string {
  return printable(value);
}
