/** The words of a C line, and of `.C` in test mode: `Cw one two $j $=t`. */
import { WordSet } from "../rewriting/word-set.ts";
import { readMacroName } from "../rewriting/macro-name.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { expandWhileReading, readOperators } from "../rewriting/macro-text.ts";
import { MATCH_CLASS } from "../rewriting/tokens.ts";

export interface ClassTable {
  /** The words of a class; an empty one is made when there is none. */
  words(name: string): WordSet;
  readonly macros: MacroScope;
  report(problem: string): void;
}

/**
 * Adds words to a class. Macros in them take their value now; `$=x` stands for the words that class x has now.
 * @param text in value form
 */
export function addClassWords(name: string, text: string, table: ClassTable): void {
  const filled = expandWhileReading(text, table.macros, (problem) => table.report(problem));
  for (const word of readOperators(filled, table.macros).split(/[ \t\n\v\f\r]+/)) {
    if (word === "") continue;
    if (!word.startsWith(MATCH_CLASS)) {
      table.words(name).add(word);
      continue;
    }
    const other = readMacroName(word, 1);
    for (const problem of other.problems) table.report(problem);
    if (other.name === undefined) continue;
    for (const each of table.words(other.name).words()) table.words(name).add(each);
  }
}
