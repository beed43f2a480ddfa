/** What `rulemail doctor` says, for people, programs, and monitoring systems (Nagios plugins: docs/doctor.md). */
import { asciiJson } from "../../sys/terminal-text.ts";
import type { Examination } from "./examine.ts";
import { type Finding, pageOf, type Severity, severityOf } from "./finding.ts";

/** Worst first. */
const ORDER: readonly Severity[] = ["critical", "warning", "note"];

export function sorted(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => rank(a) - rank(b));
}

function rank(finding: Finding): number {
  return ORDER.indexOf(severityOf(finding));
}

/**
 *     critical: Exim runs (process 812) [port-taken]
 *       where  port 25
 *       do     systemctl disable --now exim4
 *       more   docs/doctor.md#port-taken
 */
export function findingLines(finding: Finding): string[] {
  const { kind, what, where, todo } = finding;
  return [
    `${severityOf(finding)}: ${what} [${kind}]`,
    `  where  ${where}`,
    `  do     ${todo}`,
    `  more   ${pageOf(finding)}`,
  ];
}

export function examinationJson({ findings, skipped }: Examination): string {
  const told = sorted(findings).map((each) => ({ ...each, severity: severityOf(each), page: pageOf(each) }));
  return asciiJson({ status: statusOf(findings), findings: told, skipped });
}

/** Exit statuses of --monitoring, as Nagios has them. */
export const NAGIOS = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const;
export type MonitoringStatus = keyof typeof NAGIOS;

function statusOf(findings: readonly Finding[]): MonitoringStatus {
  const severities = new Set(findings.map(severityOf));
  return severities.has("critical") ? "critical" : severities.has("warning") ? "warning" : "ok";
}

/**
 * One line, and one for each finding behind it. What was not looked at is no fault of the server, but nobody may call it well.
 *
 *     RULEMAIL CRITICAL - the certificate has ended on 2026-11-30 (and 1 more) | critical=1 warning=1 skipped=0
 */
export function monitoringReport({ findings, skipped }: Examination): {
  readonly status: MonitoringStatus;
  readonly lines: readonly string[];
} {
  const told = sorted(findings).filter((each) => severityOf(each) !== "note");
  const found = statusOf(told);
  const status = found === "ok" && skipped.length > 0 ? "unknown" : found;
  const more = told.length > 1 ? ` (and ${told.length - 1} more)` : "";
  const [first] = told;
  const summary =
    first !== undefined
      ? `${first.what}${more}`
      : skipped.length > 0
        ? `${skipped.length} checks could not be made: ${skipped[0].check}: ${skipped[0].reason}`
        : "nothing found";
  const count = (severity: Severity): number => told.filter((each) => severityOf(each) === severity).length;
  const numbers = `critical=${count("critical")} warning=${count("warning")} skipped=${skipped.length}`;
  // A bar would begin the numbers.
  const head = `RULEMAIL ${status.toUpperCase()} - ${summary.replaceAll("|", "/")} | ${numbers}`;
  const details = told.map((each) => `${severityOf(each)}: ${each.what}: ${each.todo}`.replaceAll("|", "/"));
  return { status, lines: [head, ...(told.length > 1 ? details : [])] };
}
