/** `.Dmvalue` and `.Cm words`: macros and classes for the rest of the dialogue. */
import { addClassWords } from "../../cf/class-words.ts";
import { withoutComment } from "../../cf/read-lines.ts";
import { WordSet } from "../../rewriting/word-set.ts";
import { readMacroName } from "../../rewriting/macro-name.ts";
import { markLiterals, readMacroText } from "../../rewriting/macro-text.ts";
import type { TestSession } from "./session.ts";

export function define(session: TestSession, line: string): void {
  const command = line[1];
  if (command === undefined) return session.say("Usage: .[DC]macro value(s)");
  if (command !== "D" && command !== "C") return session.say(`Unknown "." command ${line}`);
  if (command === "C" && line.length === 2) return;
  const { name, end, problems } = readMacroName(line, 2);
  for (const problem of problems) session.complain(problem);
  if (name === undefined) return;
  // Dollars and number signs are read as in a configuration file; blanks at the end go unless there is nothing else.
  const given = line.slice(end);
  const value = readMacroText(markLiterals(given.trim() === "" ? given : withoutComment(given, true)));
  for (const problem of value.problems) session.complain(problem);
  if (command === "D") return session.scope.set(name, value.text);
  addClassWords(name, value.text, {
    words: (of) => session.config.classWords(of, true) as WordSet,
    macros: session.scope,
    report: (problem) => session.complain(problem),
  });
}
