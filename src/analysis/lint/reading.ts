/** L001, L003, L004: what the reader of configurations has to say. */
import type { Subject } from "../subject.ts";
import type { Code, Issue } from "./codes.ts";

/** Messages that have a page of their own; all others are L001. */
const KINDS: readonly (readonly [RegExp, Code])[] = [
  [/\(tab expected\)/, "L003"],
  [/^replacement .* out of bounds/, "L004"],
];

export function checkReading({ diagnostics }: Subject): Issue[] {
  return diagnostics.map(({ message, severity, at }) => ({
    code: KINDS.find(([pattern]) => pattern.test(message))?.[1] ?? "L001",
    line: at.line,
    text: message,
    severity: severity === "error" ? "error" : "warning",
  }));
}
