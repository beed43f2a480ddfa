/**
 * L001, L003, L004: what the reader of configurations has to say; and rules whose only tab stands before their comment,
 * which the reader takes for rules with a strange left side.
 */
import { MACRO } from "../../rewriting/tokens.ts";
import type { Subject } from "../subject.ts";
import type { Code, Issue } from "./codes.ts";

/** Messages that have a page of their own; all others are L001. */
const KINDS: readonly (readonly [RegExp, Code])[] = [
  [/\(tab expected\)/, "L003"],
  [/^replacement .* out of bounds/, "L004"],
];

/** Two blanks or more before what only right sides begin with. */
const BLANKS_FOR_TAB = new RegExp(`^[^\\t]* {2,}${MACRO}[:@#>(\\[][^\\t]*\\t[^${MACRO}]*$`);

export function checkReading({ diagnostics, statements }: Subject): Issue[] {
  const text = "invalid rewrite line: blanks where the tab between its sides should be";
  const untabbed = new Map<number, Issue>();
  for (const { node, first: line } of statements) {
    if (node.kind === "rule" && BLANKS_FOR_TAB.test(node.body)) untabbed.set(line, { code: "L003", line, text });
  }
  const said = diagnostics.map(({ message, severity, at, help }): Issue => ({
    code: KINDS.find(([pattern]) => pattern.test(message))?.[1] ?? "L001",
    line: at.line,
    ...(at.column === undefined ? {} : { column: at.column }),
    text: message,
    ...(help === undefined ? {} : { help }),
    severity: severity === "error" ? "error" : "warning",
  }));
  return [...said.filter(({ line }) => !untabbed.has(line)), ...untabbed.values()];
}
