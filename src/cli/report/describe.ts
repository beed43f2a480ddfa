/** Reports as people read them: a few lines about each, then a table of sources or failures, the most frequent first. */
import type { DmarcReport, DmarcRow } from "../../authentication/reports/dmarc-report.ts";
import type { Report } from "../../authentication/reports/read-reports.ts";
import type { TlsPolicyReport, TlsReport } from "../../authentication/reports/tls-report.ts";

/** Characters of a cell. */
const LONGEST_CELL = 300;

export function describeReport(report: Report): readonly string[] {
  return (report.kind === "dmarc" ? describeDmarc(report) : describeTls(report)).map(oneLine);
}

/** What all of them say together. */
export function describeTotals(reports: readonly Report[]): readonly string[] {
  const rows = reports.flatMap((each) => (each.kind === "dmarc" ? each.records : []));
  const policies = reports.flatMap((each) => (each.kind === "tls" ? each.policies : []));
  const lines = [`All ${reports.length} reports`];
  if (rows.length > 0) lines.push(`  ${messagesLine(rows)}`);
  if (policies.length > 0) lines.push(`  ${sessionsLine(policies)}`);
  return lines;
}

function describeDmarc(report: DmarcReport): readonly string[] {
  const { policy } = report;
  const published = ["sp", "adkim", "aspf", "pct"] as const;
  const words = published.flatMap((name) => (policy[name] === undefined ? [] : [`${name}=${policy[name]}`]));
  return [
    `DMARC report of ${report.organization} for ${policy.domain}, ${period(report)} (${report.id})`,
    `  policy: ${[`p=${policy.p}`, ...words].join(" ")}`,
    ...report.errors.map((text) => `  error: ${text}`),
    `  ${messagesLine(report.records)}`,
    ...table(
      ["messages", "source", "disposition", "dkim", "spf", "from", "what was found"],
      merged(report.records).map((row) => [
        String(row.count),
        row.source,
        row.disposition,
        row.dkim,
        row.spf,
        row.headerFrom,
        [...evidenceOf(row), ...row.reasons.map(({ type, comment = "" }) => `${type} ${comment}`.trim())].join(", "),
      ]),
    ),
    "",
  ];
}

function evidenceOf(row: DmarcRow): readonly string[] {
  const dkim = row.dkimResults.map(
    ({ domain, selector, result }) => `dkim=${result} ${domain}${selector === undefined ? "" : `/${selector}`}`,
  );
  return [...dkim, ...row.spfResults.map(({ domain, result }) => `spf=${result} ${domain}`)];
}

/** Rows that look the same are one. */
function merged(rows: readonly DmarcRow[]): readonly DmarcRow[] {
  const found = new Map<string, DmarcRow>();
  for (const row of rows) {
    const key = JSON.stringify({ ...row, count: 0, envelopeTo: "" });
    found.set(key, { ...row, count: row.count + (found.get(key)?.count ?? 0) });
  }
  return [...found.values()].toSorted((a, b) => b.count - a.count);
}

function messagesLine(rows: readonly DmarcRow[]): string {
  const count = (wanted: (row: DmarcRow) => boolean): number =>
    rows.reduce((sum, row) => sum + (wanted(row) ? row.count : 0), 0);
  const all = count(() => true);
  const [dkim, spf] = [count((row) => row.dkim === "pass"), count((row) => row.spf === "pass")];
  const neither = count((row) => row.dkim !== "pass" && row.spf !== "pass");
  const parts = [`aligned by DKIM ${share(dkim, all)}, by SPF ${share(spf, all)}, by neither ${share(neither, all)}`];
  for (const [disposition, word] of [
    ["quarantine", "quarantined"],
    ["reject", "rejected"],
  ] as const) {
    const those = count((row) => row.disposition === disposition);
    if (those > 0) parts.push(`${those} ${word}`);
  }
  return `${all} ${all === 1 ? "message" : "messages"}: ${parts.join("; ")}`;
}

function describeTls(report: TlsReport): readonly string[] {
  return [
    `TLS report of ${report.organization} for ${[...new Set(report.policies.map(({ domain }) => domain))].join(", ")}, ${period(report)} (${report.id})`,
    ...report.policies.flatMap((policy) => [
      `  ${policy.domain}, ${policyName(policy.type)}: ${sessionsLine([policy])}`,
      ...table(
        ["sessions", "failure", "host", "address", "from", "what was found"],
        policy.details
          .toSorted((a, b) => b.sessions - a.sessions)
          .map((each) => [
            String(each.sessions),
            each.type,
            each.receivingMx ?? each.receivingHelo ?? "",
            each.receivingIp ?? "",
            each.sendingIp ?? "",
            [each.reason, each.more].filter((text) => text !== undefined).join(" "),
          ]),
      ),
    ]),
    "",
  ];
}

function policyName(type: string): string {
  const names: Readonly<Record<string, string>> = { sts: "MTA-STS", tlsa: "DANE", "no-policy-found": "no policy" };
  return names[type] ?? type;
}

function sessionsLine(policies: readonly TlsPolicyReport[]): string {
  const successes = policies.reduce((sum, each) => sum + each.successes, 0);
  const failures = policies.reduce((sum, each) => sum + each.failures, 0);
  const all = successes + failures;
  return `${all} ${all === 1 ? "session" : "sessions"}: ${share(failures, all)} failed`;
}

function share(part: number, all: number): string {
  return all === 0 ? "0" : `${part} (${Math.round((part / all) * 1000) / 10} %)`;
}

function period({ begin, end }: { readonly begin: number; readonly end: number }): string {
  return `${minute(begin)} to ${minute(end)} UTC`;
}

function minute(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? "?" : time.toISOString().slice(0, 16).replace("T", " ");
}

/** Columns as wide as they must be; the first one has numbers. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  const shown = rows.map((row) => row.map(shortened));
  const widths = head.map((title, column) =>
    shown.reduce((widest, row) => Math.max(widest, row[column].length), title.length),
  );
  return [head, ...shown].map((row) => {
    const cells = row.map((cell, column) => (column === 0 ? cell.padStart(widths[0]) : cell.padEnd(widths[column])));
    return `    ${cells.join("  ")}`.trimEnd();
  });
}

/** What others wrote stays in its line and its cell. */
function shortened(text: string): string {
  const line = oneLine(text);
  return line.length > LONGEST_CELL ? `${line.slice(0, LONGEST_CELL - 1)}…` : line;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\t\v\f\u0085\u2028\u2029]+ */g, " ");
}
