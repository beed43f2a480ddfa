/** `.Dmvalue` and `.Cm words`: macros and classes for the rest of the dialogue. */
import { WordSet } from "../../rewriting/class-set.ts";
import { expandWhileReading, readMacroText } from "../../rewriting/macro-text.ts";
import { readMacroName } from "../../rewriting/macro-name.ts";
import type { TestSession } from "./session.ts";

export function define(session: TestSession, line: string): void {
  const command = line[1];
  if (command === undefined) return session.say("Usage: .[DC]macro value(s)");
  if (command !== "D" && command !== "C") return session.say(`Unknown "." command ${line}`);
  if (command === "C" && line.length === 2) return;
  const { name, end, problems } = readMacroName(line, 2);
  for (const problem of problems) session.say(problem);
  if (name === undefined) return;
  if (command === "C") return addWords(session, name, line.slice(end));
  // A dollar begins a macro here as in a configuration file; blanks at the end go unless there is nothing else.
  const value = readMacroText(line.slice(end).replace(/(?<=[^ \t])[ \t]+$/, ""));
  for (const problem of value.problems) session.say(problem);
  session.scope.set(name, value.text);
}

function addWords(session: TestSession, name: string, value: string): void {
  const words = session.config.classWords(name, true);
  if (!(words instanceof WordSet)) return;
  // As in a C line, macros are filled in now.
  const text = expandWhileReading(readMacroText(value).text, session.scope);
  for (const word of text.split(/[ \t]+/)) if (word !== "") words.add(word);
}
