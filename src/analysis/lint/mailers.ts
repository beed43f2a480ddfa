/** L014 and L015: mailers that rules choose but no M line makes, and mailers that nothing chooses. */
import type { Subject } from "../subject.ts";
import type { Issue } from "./codes.ts";
import type { References } from "./references.ts";

/** Mailers without M line. */
const BUILT_IN: ReadonlySet<string> = new Set(["error", "discard"]);
/** Mailers that the program chooses: for users, programs, files and lists of aliases. */
const CHOSEN_BY_PROGRAM: ReadonlySet<string> = new Set(["local", "prog", "*file*", "*include*"]);

export function checkMailers({ config, statements }: Subject, { mailers, any }: References): Issue[] {
  const known = new Set([...config.mailers.keys()].map((name) => name.toLowerCase()));
  const chosen = new Set(mailers.map(({ name }) => name.toLowerCase()));
  const issues: Issue[] = [];
  for (const { name, line } of mailers) {
    const key = name.toLowerCase();
    if (BUILT_IN.has(key) || known.has(key)) continue;
    // Said once: the rules of a library name a mailer that a site left out in many places.
    known.add(key);
    issues.push({ code: "L014", line, text: `mailer ${name} is chosen here, but no M line makes it` });
  }
  if (any.mailers) return issues;
  for (const { node, first } of statements) {
    if (node.kind !== "mailer") continue;
    const key = node.name.toLowerCase();
    if (chosen.has(key) || CHOSEN_BY_PROGRAM.has(key) || key === "") continue;
    issues.push({ code: "L015", line: first, text: `mailer ${node.name} is never chosen` });
  }
  return issues;
}
