/** What `rulemail doctor` can find. Each kind has its section in docs/doctor.md, under its name. */

/** critical: mail is lost, refused or open to abuse now; warning: it will be, or part of it is; note: worth knowing. */
export type Severity = "critical" | "warning" | "note";

/** Kind → how bad it is. */
export const KINDS = {
  "no-configuration": "critical",
  "configuration-error": "critical",
  "configuration-older": "warning",
  "port-taken": "critical",
  "port-closed": "critical",
  "not-running": "warning",
  "other-server": "warning",
  "sendmail-command": "warning",
  "name-server": "warning",
  "host-name": "critical",
  "host-address": "warning",
  "ptr-missing": "warning",
  "ptr-mismatch": "warning",
  "domain-missing": "critical",
  "mx-missing": "warning",
  "mx-target": "critical",
  "mx-elsewhere": "warning",
  "spf-missing": "warning",
  "spf-invalid": "critical",
  "spf-open": "warning",
  "dkim-missing": "critical",
  "dkim-invalid": "critical",
  "dmarc-missing": "warning",
  "dmarc-invalid": "warning",
  "mta-sts-missing": "note",
  "mta-sts-invalid": "critical",
  "tlsa-missing": "note",
  "tlsa-invalid": "critical",
  "no-certificate": "warning",
  "certificate-unusable": "critical",
  "certificate-expired": "critical",
  "certificate-ends": "warning",
  "certificate-name": "warning",
  "certificate-self-signed": "note",
  "unsafe-file": "critical",
  "missing-file": "critical",
  "unreadable-file": "critical",
  "signing-key": "critical",
  "missing-program": "critical",
  "home-folder": "critical",
  "queue-folder": "critical",
  "root-rights": "warning",
  "table-older": "warning",
  "berkeley-database": "warning",
  "open-relay": "critical",
  "no-postmaster": "warning",
  "clock-wrong": "critical",
  "disk-full": "critical",
  "disk-filling": "warning",
  "queue-long": "warning",
  "queue-old": "warning",
  "client-queue-waits": "warning",
} as const satisfies Readonly<Record<string, Severity>>;

export type Kind = keyof typeof KINDS;

export interface Finding {
  readonly kind: Kind;
  /** One sentence, without full stop. */
  readonly what: string;
  /** The file, host, port or DNS name that it is about. */
  readonly where: string;
  /** What to do: most often a command. */
  readonly todo: string;
}

/** A check that could not be made, and why. */
export interface Skipped {
  readonly check: string;
  readonly reason: string;
}

export function severityOf({ kind }: Pick<Finding, "kind">): Severity {
  return KINDS[kind];
}

/** Where to read more. */
export function pageOf({ kind }: Pick<Finding, "kind">): string {
  return `docs/doctor.md#${kind}`;
}
