/**
 * `rulemail lint`: the checks of a configuration, and their findings with places in the file that the user wrote.
 *
 * A finding is something that is wrong or useless in every case, as far as it can be proven; a check that cannot prove
 * keeps quiet.
 */
import type { Diagnostic } from "../source/diagnostic.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import { CODES, type Code, type CodeRow, type FindingSeverity, type Issue } from "./lint/codes.ts";
import { checkClasses } from "./lint/classes.ts";
import { checkMailers } from "./lint/mailers.ts";
import { checkMaps } from "./lint/maps.ts";
import { checkFilters } from "./lint/filters.ts";
import { checkOptions } from "./lint/options.ts";
import { checkReading } from "./lint/reading.ts";
import { checkPresence } from "./lint/presence.ts";
import { flowOf } from "./lint/entries.ts";
import type { Flow } from "./lint/flow.ts";
import { type References, referencesOf } from "./lint/references.ts";
import { checkRelaying } from "./lint/relaying.ts";
import { checkRules } from "./lint/rules.ts";
import { checkRulesets } from "./lint/rulesets.ts";
import type { Subject } from "./subject.ts";

export interface Finding {
  readonly code: Code;
  readonly severity: FindingSeverity;
  /** The file as the user named it. */
  readonly file: string;
  /** Line of that file; 0 when it is about the file as a whole. */
  readonly line: number;
  /** Where in that line, when the reader of a .cf said it. */
  readonly column?: number;
  /** Line of the .cf that was compiled from an .mc. */
  readonly cfLine?: number;
  /** Where the line of a .cf came from, when its source map is there: `site.mc:12 FEATURE(access_db)`. */
  readonly source?: string;
  readonly text: string;
  /** What was expected, or what to do. */
  readonly help?: string;
  /** Further lines of the file that have the same cause. */
  readonly also?: readonly number[];
}

export type Check = (subject: Subject, references: References, flow: Flow) => MaybePromise<Issue[]>;

const CHECKS: readonly Check[] = [
  checkReading,
  checkPresence,
  checkRulesets,
  checkMaps,
  checkMailers,
  checkClasses,
  checkRules,
  checkOptions,
  checkFilters,
  checkRelaying,
];

/**
 * Runs all checks; findings come in the order of lines.
 *
 * @param everything also blames what a macro library brings along without need
 * @param except checks that are not wanted
 */
export async function lint(
  subject: Subject,
  everything = false,
  except: ReadonlySet<Check> = new Set(),
): Promise<Finding[]> {
  const references = referencesOf(subject);
  const flow = flowOf(subject);
  const found: Issue[] = [];
  for (const check of CHECKS) {
    if (except.has(check)) continue;
    for (const issue of await check(subject, references, flow)) {
      if (everything || isBlamed(subject, issue)) found.push(issue);
    }
  }
  return byCause(subject, found).toSorted((a, b) => a.line - b.line || (a.cfLine ?? 0) - (b.cfLine ?? 0));
}

/** Issues of one cause become one finding, at the first of their lines. */
function byCause(subject: Subject, issues: readonly Issue[]): Finding[] {
  const groups = new Map<string, [Issue, ...Issue[]]>();
  for (const [index, issue] of issues.entries()) {
    const key = issue.group === undefined ? String(index) : `${issue.code} ${issue.severity} ${issue.group}`;
    const group = groups.get(key);
    if (group) group.push(issue);
    else groups.set(key, [issue]);
  }
  return [...groups.values()].map((group) => {
    const [first, ...others] = group.toSorted((a, b) => a.line - b.line);
    const finding = place(subject, first);
    if (others.length === 0) return finding;
    const lines = others.map((each) => place(subject, each).line);
    return { ...finding, also: lines };
  });
}

/** What the macro compiler or the reader said before there was anything to check. */
export function problemFinding({ severity, message, at, help }: Diagnostic, code: "L001" | "L002"): Finding {
  const { file, line, column } = at;
  const kind = severity === "error" ? "error" : "warning";
  return { code, severity: kind, file, line, ...exact({ column }), text: message, ...exact({ help }) };
}

/** The parts that there are. */
function exact<Part extends object>(part: Part): { [Key in keyof Part]?: Exclude<Part[Key], undefined> } {
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as Part;
}

/** 0: nothing found or only notes, 1: warnings, 2: errors. */
export function exitOf(findings: readonly Finding[]): 0 | 1 | 2 {
  if (findings.some(({ severity }) => severity === "error")) return 2;
  return findings.some(({ severity }) => severity === "warning") ? 1 : 0;
}

/** Text of a macro library is not blamed for being of no use; in a compiled .cf nobody knows whose text it is. */
function isBlamed({ origin, generated }: Subject, { code, line, cause }: Issue): boolean {
  const row: CodeRow = CODES[code];
  if (!row.ownOnly) return true;
  if (!origin) return !generated;
  return [line, cause].some((each) => each !== undefined && origin(each)?.own === true);
}

function place({ file, origin, source }: Subject, { code, line, column, text, severity, help }: Issue): Finding {
  const common = { code, severity: severity ?? CODES[code].severity, file, text, ...exact({ help }) };
  if (!origin) {
    const from = line > 0 ? source?.(line) : undefined;
    return { ...common, line, ...exact({ column }), ...(from === undefined ? {} : { source: from }) };
  }
  return { ...common, line: origin(line)?.line ?? 0, ...(line > 0 ? { cfLine: line } : {}) };
}
