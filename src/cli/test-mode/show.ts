/** `$m` and `$=c`: the raw value of a macro, the words of a class. */
import { printMacroText } from "../../rewriting/macro-text.ts";
import { readMacroName } from "../../rewriting/macro-name.ts";
import type { TestSession } from "./session.ts";

export function show(session: TestSession, line: string): void {
  const ofClass = line[1] === "=";
  const { name, problems } = readMacroName(line, ofClass ? 2 : 1);
  for (const problem of problems) session.complain(problem);
  if (name === undefined) return;
  if (ofClass) {
    for (const word of session.config.classWords(name).words()) session.say(word);
    return;
  }
  const value = session.scope.get(name);
  session.say(value === undefined ? "Undefined" : printMacroText(value));
}
