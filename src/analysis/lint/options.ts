/** L030 and L031: options that nothing acts on, and options that are set again further down. */
import { notActedOn } from "../../config/not-acted-on.ts";
import { optionByLetter, optionByName, type OptionRow } from "../../config/options.ts";
import { isTrue } from "../../config/option-values.ts";
import { readTime } from "../../config/times.ts";
import { printMacroText } from "../../rewriting/macro-text.ts";
import type { Subject } from "../subject.ts";
import type { Issue } from "./codes.ts";

/** Each line of these adds to the ones before. */
const ADDING: ReadonlySet<string> = new Set([
  "AliasFile",
  "DaemonPortOptions",
  "ClientPortOptions",
  "PrivacyOptions",
  "ResolverOptions",
  "DontBlameSendmail",
  "Timeout",
  "Milter",
]);

/**
 * Options without effect that nobody is disappointed about: the macro library or the part for a system writes them, or
 * they only name a file that this server keeps in its home.
 */
const HARMLESS: ReadonlySet<string> = new Set(["OldStyleHeaders", "StatusFile", "ControlSocketName", "UseMSP"]);
/** The same in a configuration of the submission program, which runs as its caller and keeps one kind of file. */
const HARMLESS_IN_SUBMISSION: ReadonlySet<string> = new Set([
  "QueueFileMode",
  "RunAsUser",
  "TimeZoneSpec",
  "TrustedUser",
]);

export function checkOptions({ statements }: Subject): Issue[] {
  const issues: Issue[] = [];
  const submits = statements.some(
    ({ node }) => node.kind === "option" && rowOf(node.form, node.name)?.name === "UseMSP",
  );
  const harmless = (name: string): boolean => HARMLESS.has(name) || (submits && HARMLESS_IN_SUBMISSION.has(name));
  const last = new Map<string, { readonly value: string; readonly line: number }>();
  for (const { node, first: line } of statements) {
    if (node.kind !== "option") continue;
    const row = rowOf(node.form, node.name);
    if (!row || row.name === "") continue;
    const value = printMacroText(node.value);
    // What only repeats the default loses nothing.
    const why = notActedOn("option", row.name);
    if (why !== undefined && !harmless(row.name) && !isDefault(row, value)) {
      issues.push({ code: "L030", line, text: `option ${row.name} is accepted, but nothing acts on it: ${why}` });
    }
    if (ADDING.has(row.name)) continue;
    const earlier = last.get(row.name);
    if (earlier && earlier.value !== value) {
      const text = `option ${row.name} is set again in line ${line}: this value has no effect`;
      issues.push({ code: "L031", line: earlier.line, cause: line, text });
    }
    last.set(row.name, { value, line });
  }
  return issues;
}

function rowOf(form: "letter" | "long", name: string): OptionRow | undefined {
  if (form === "letter") return optionByLetter(name);
  if (name === "") return undefined;
  const found = optionByName(name);
  return found.kind === "found" ? found.row : undefined;
}

function isDefault({ type, initial, unit }: OptionRow, value: string): boolean {
  switch (type) {
    case "flag":
      return isTrue(value) === isTrue(initial);
    case "time":
      return readTime(value, unit ?? "s").value === readTime(initial, unit ?? "s").value;
    case "text":
      return value === initial;
    default:
      return (Number.parseInt(value, 10) || 0) === (Number.parseInt(initial, 10) || 0);
  }
}
