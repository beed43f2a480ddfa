/** L014 and L015: mailers that rules choose but no M line makes, and mailers that nothing chooses. */
import type { Config } from "../../config/config.ts";
import { CANON_HOST, CANON_MAILER, CANON_USER } from "../../rewriting/tokens.ts";
import type { Subject } from "../subject.ts";
import type { Issue } from "./codes.ts";
import { rulesetsRunFirst, textFor } from "./entries.ts";
import type { Flow } from "./flow.ts";
import { type Form, isVague } from "./forms.ts";
import { type References, unquoted } from "./references.ts";

/** Mailers without M line. */
const BUILT_IN: ReadonlySet<string> = new Set(["error", "discard"]);
/** Mailers that the program chooses: for users, programs, files and lists of aliases. */
const CHOSEN_BY_PROGRAM: ReadonlySet<string> = new Set(["local", "prog", "*file*", "*include*"]);

export function checkMailers(subject: Subject, { mailers, any }: References, flow: Flow): Issue[] {
  const { config, statements } = subject;
  const known = new Set([...BUILT_IN, ...[...config.mailers.keys()].map((name) => name.toLowerCase())]);
  const issues: Issue[] = [];
  for (const { name, line } of choices(subject, flow)) {
    if (known.has(name.toLowerCase())) continue;
    const text = `mailer ${name} is chosen here, but no M line makes it`;
    issues.push({ code: "L014", line, text, group: name.toLowerCase() });
  }
  if (any.mailers) return issues;
  const chosen = new Set(mailers.map(({ name }) => name.toLowerCase()));
  for (const { node, first } of statements) {
    if (node.kind !== "mailer") continue;
    const key = node.name.toLowerCase();
    if (chosen.has(key) || CHOSEN_BY_PROGRAM.has(key) || key === "") continue;
    issues.push({ code: "L015", line: first, text: `mailer ${node.name} is never chosen` });
  }
  return issues;
}

interface Choice {
  readonly name: string;
  readonly line: number;
}

/**
 * What the rulesets that the program runs end with. A triple that a caller takes apart again (a mark, as `$#TEMP` in
 * policy rulesets often is) has chosen nothing.
 */
function choices({ config }: Subject, flow: Flow): Choice[] {
  const found = new Map<string, Choice>();
  for (const number of rulesetsRunFirst(config)) {
    for (const form of flow.endings(number, textFor(config, number))) {
      if (isVague(form)) continue;
      for (const choice of chosenBy(form, config)) found.set(`${choice.name} ${choice.line}`, choice);
    }
  }
  return [...found.values()].toSorted((a, b) => a.line - b.line);
}

/** Without `$@` and `$:` it is an answer of a policy ruleset (`$#OK`), not a triple. */
function chosenBy([sign, name, next]: Form, config: Config): Choice[] {
  if (sign?.kind !== "literal" || sign.text !== CANON_MAILER || next?.kind !== "literal") return [];
  if (next.text !== CANON_HOST && next.text !== CANON_USER) return [];
  const line = sign.line ?? 0;
  if (name?.kind === "class") return [...config.classWords(name.name).words()].map((word) => ({ name: word, line }));
  if (name?.kind !== "literal" || !/^"?\w/.test(name.text)) return [];
  return [{ name: unquoted(name.text), line: name.line ?? line }];
}
