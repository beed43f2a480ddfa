/**
 * L001, L003, L004: what the reader of configurations has to say; and rules whose only tab stands before their comment,
 * which the reader takes for rules with a strange left side.
 */
import { MACRO } from "../../rewriting/tokens.ts";
import type { Diagnostic } from "../../source/diagnostic.ts";
import type { Subject } from "../subject.ts";
import type { Code, Issue } from "./codes.ts";

/** Messages that have a page of their own; all others are L001. */
const KINDS: readonly (readonly [RegExp, Code])[] = [
  [/\(tab expected\)/, "L003"],
  [/^replacement .* out of bounds/, "L004"],
];

/** A class that could not be filled because its file is elsewhere, or not to be trusted here. */
const NOT_HERE = /^fileclass: (?:cannot open '(?<file>[^']*)': (?<reason>.*)|(?<map>F\{.*\}): map open failed)$/;

/** Two blanks or more before what only right sides begin with. */
const BLANKS_FOR_TAB = new RegExp(`^[^\\t]* {2,}${MACRO}[:@#>(\\[][^\\t]*\\t[^${MACRO}]*$`);

export function checkReading({ diagnostics, statements, here }: Subject): Issue[] {
  const text = "invalid rewrite line: blanks where the tab between its sides should be";
  const untabbed = new Map<number, Issue>();
  for (const { node, first: line } of statements) {
    if (node.kind === "rule" && BLANKS_FOR_TAB.test(node.body)) untabbed.set(line, { code: "L003", line, text });
  }
  const said = diagnostics.map((each) => notHere(each, here === true) ?? issueOf(each));
  return [...said.filter(({ line }) => !untabbed.has(line)), ...untabbed.values()];
}

function issueOf({ message, severity, at, help }: Diagnostic): Issue {
  return {
    code: KINDS.find(([pattern]) => pattern.test(message))?.[1] ?? "L001",
    line: at.line,
    ...(at.column === undefined ? {} : { column: at.column }),
    text: message,
    group: message,
    ...(help === undefined ? {} : { help }),
    severity: severity === "error" ? "error" : "warning",
  };
}

/** The configuration may be for another machine: then a file that is not here says nothing about it. */
function notHere({ message, at, help }: Diagnostic, here: boolean): Issue | undefined {
  const found = NOT_HERE.exec(message)?.groups;
  if (found === undefined) return undefined;
  const what =
    found["map"] === undefined
      ? `class file ${found["file"]}: ${found["reason"]}`
      : `class ${found["map"]}: its map cannot be opened`;
  return {
    code: "L005",
    line: at.line,
    ...(at.column === undefined ? {} : { column: at.column }),
    text: here ? what : `${what} (on this machine; --here makes an error of it)`,
    severity: here ? "error" : "note",
    ...(here && help !== undefined ? { help } : {}),
  };
}
