/** L016 and L017: classes that rules ask but nothing fills, and classes that nothing asks. */
import { readMacroName, writeMacroName } from "../../rewriting/macro-name.ts";
import { classNamesOf } from "../describe.ts";
import type { Subject } from "../subject.ts";
import type { Issue } from "./codes.ts";
import type { References } from "./references.ts";

/** Classes that the program itself asks. */
const ASKED_BY_PROGRAM: ReadonlySet<string> = new Set([
  ..."w m n s e t k b p q r".split(" "),
  "persistentMacros",
  "checkMIMETextHeaders",
  "checkMIMEFieldHeaders",
  "checkMIMEHeaders",
]);
/** Classes that may well be empty: names of the language for what a site can list, or not. */
const OFTEN_EMPTY: ReadonlySet<string> = new Set(
  "w m E G L M N P R V X B Y Z VirtHost LDAPRoute LDAPRouteEquiv".split(" "),
);

export function checkClasses(subject: Subject, { classes }: References): Issue[] {
  const { config, statements } = subject;
  const filled = classNamesOf(subject);
  const issues: Issue[] = [];
  const told = new Set<string>();
  for (const { name, line } of classes) {
    if (filled.has(name) || told.has(name) || OFTEN_EMPTY.has(name) || config.classWords(name).size > 0) continue;
    told.add(name);
    issues.push({ code: "L016", line, text: `class ${writeMacroName(name)} is asked here, but has no words` });
  }
  const asked = new Set(classes.map(({ name }) => name));
  for (const { node, first } of statements) {
    if (node.kind !== "class" && node.kind !== "class-file") continue;
    const { name } = readMacroName(node.body, 0);
    if (name === undefined || asked.has(name) || ASKED_BY_PROGRAM.has(name) || OFTEN_EMPTY.has(name)) continue;
    asked.add(name);
    issues.push({ code: "L017", line: first, text: `class ${writeMacroName(name)} is filled, but never asked` });
  }
  return issues;
}
