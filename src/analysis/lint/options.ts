/** L030 and L031: options that nothing acts on, and options that are set again further down. */
import { isDefault } from "../../config/option-default.ts";
import type { OptionName } from "../../config/options/table.ts";
import { isOwed } from "../../config/reasons.ts";
import { isSharedCause, notActedOn, withoutProtection } from "../../config/settings.ts";
import { printMacroText } from "../../rewriting/macro-text.ts";
import type { Subject } from "../subject.ts";
import type { FindingSeverity, Issue } from "./codes.ts";
import { optionNamed } from "./option-row.ts";

/**
 * Options without effect that nobody is disappointed about: the macro library or the part for a system writes them, or
 * they only name a file that this server keeps in its home.
 */
const HARMLESS: ReadonlySet<string> = new Set<OptionName>(["StatusFile", "ControlSocketName", "UseMSP"]);
/** The same in a configuration of the submission program, which runs as its caller and keeps one kind of file. */
const HARMLESS_IN_SUBMISSION: ReadonlySet<string> = new Set<OptionName>(["TimeZoneSpec", "TrustedUser"]);

export function checkOptions(subject: Subject): Issue[] {
  return [...withoutEffect(subject), ...setTwice(subject)];
}

interface Idle {
  readonly names: Set<string>;
  readonly issues: Issue[];
}

/** One issue for each cause: an option, or what several options wait for. */
function withoutEffect({ statements }: Subject): Issue[] {
  const submits = statements.some(({ node }) => node.kind === "option" && optionNamed(node)?.name === "UseMSP");
  const harmless = (name: string): boolean => HARMLESS.has(name) || (submits && HARMLESS_IN_SUBMISSION.has(name));
  const causes = new Map<string, Idle>();
  for (const { node, first: line } of statements) {
    if (node.kind !== "option") continue;
    const row = optionNamed(node);
    const why = row && notActedOn("option", row.name);
    if (!row || why === undefined || harmless(row.name)) continue;
    const value = printMacroText(node.value);
    // What only repeats the default loses nothing; an empty TimeZoneSpec asks for the zone of the environment.
    if (isDefault(row, value) || (value === "" && row.type === "text")) continue;
    const group = `${isSharedCause(why) ? why : row.name} ${severityOf(row.name, why)}`;
    const cause = causes.get(group) ?? { names: new Set(), issues: [] };
    causes.set(group, cause);
    cause.names.add(row.name);
    cause.issues.push({ code: "L030", line, text: why, group, severity: severityOf(row.name, why) });
  }
  return [...causes.values()].flatMap(({ names, issues }) => {
    const noun = names.size === 1 ? "option" : "options";
    const them = names.size === 1 ? "it" : "them";
    const be = names.size === 1 ? "is" : "are";
    const list = [...names].join(", ");
    return issues.map((issue) => ({
      ...issue,
      text: `${noun} ${list} ${be} accepted, but nothing acts on ${them}: ${issue.text}${consequence(names)}`,
    }));
  });
}

/** What this server has no use for is worth a note; what it should do and does not, a warning. */
function severityOf(name: string, why: string): FindingSeverity {
  return isOwed(why) || withoutProtection("option", name) !== undefined ? "warning" : "note";
}

function consequence(names: ReadonlySet<string>): string {
  const told = new Set(
    [...names].map((name) => withoutProtection("option", name)).filter((text) => text !== undefined),
  );
  return told.size === 0 ? "" : ` (${[...told].join("; ")})`;
}

function setTwice({ statements }: Subject): Issue[] {
  const issues: Issue[] = [];
  const last = new Map<string, { readonly value: string; readonly line: number }>();
  for (const { node, first: line } of statements) {
    if (node.kind !== "option") continue;
    const row = optionNamed(node);
    if (!row || row.name === "" || row.adds) continue;
    const value = printMacroText(node.value);
    const earlier = last.get(row.name);
    if (earlier && earlier.value !== value) {
      const text = `option ${row.name} is set again in line ${line}: this value has no effect`;
      issues.push({ code: "L031", line: earlier.line, cause: line, text });
    }
    last.set(row.name, { value, line });
  }
  return issues;
}
