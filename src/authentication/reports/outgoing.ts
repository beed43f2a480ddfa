/** What was counted on a day as reports, one for each domain that wants one. */
import type { Resolver } from "../../dns/resolver.ts";
import type { Clock } from "../../sys/clock.ts";
import { recordOf, Unanswered } from "../dmarc/tree-walk.ts";
import { TimedResolver } from "../timed-resolver.ts";
import { beginOf, DAY, type DayBucket, type DmarcCount, type TlsCount } from "./day-bucket.ts";
import { dmarcDestinations, type Destinations, tlsDestinations } from "./destinations.ts";
import { type DmarcReport, type DmarcRow, type PublishedPolicy, writeDmarcReport } from "./dmarc-report.ts";
import { type TlsPolicyReport, type TlsReport, writeTlsReport } from "./tls-report.ts";

/** Who reports. */
export interface Reporter {
  /** A name, for people. */
  readonly organization: string;
  /** Where answers go. */
  readonly email: string;
}

export interface OutgoingReport {
  readonly kind: "dmarc" | "tls";
  /** Whom it is for. */
  readonly domain: string;
  readonly id: string;
  /** Seconds since the epoch. */
  readonly begin: number;
  readonly end: number;
  /** XML or JSON. */
  text(): string;
}

/** Milliseconds for the questions about one domain. */
const PATIENCE = 20_000;

/** Reports of a day, in the order of their domains. */
export function reportsOf(bucket: DayBucket, day: string, reporter: Reporter): readonly OutgoingReport[] {
  const dmarc = new Map<string, { policy: PublishedPolicy; rows: DmarcRow[] }>();
  const tls = new Map<string, Map<string, TlsPolicyReport>>();
  for (const { what, count } of bucket.entries) {
    if (what.kind === "dmarc") addDmarc(dmarc, what, count);
    else addTls(tls, what, count);
  }
  const begin = beginOf(day) / 1000;
  const range = { begin, end: begin + DAY / 1000 - 1 };
  const outgoing = [
    ...[...dmarc].map(([domain, { policy, rows }]): OutgoingReport => {
      const id = `${day}.${domain}`;
      const { organization, email } = reporter;
      const report: DmarcReport = {
        kind: "dmarc",
        organization,
        email,
        id,
        ...range,
        errors: [],
        policy,
        records: rows,
      };
      return { kind: "dmarc", domain, id, ...range, text: () => writeDmarcReport(report) };
    }),
    ...[...tls].map(([domain, policies]): OutgoingReport => {
      const id = `${day}T00:00:00Z_${domain}`;
      const { organization, email: contact } = reporter;
      const report: TlsReport = { kind: "tls", organization, contact, id, ...range, policies: [...policies.values()] };
      return { kind: "tls", domain, id, ...range, text: () => writeTlsReport(report) };
    }),
  ];
  return outgoing.toSorted((a, b) => (a.domain === b.domain ? 0 : a.domain < b.domain ? -1 : 1));
}

/** Where a policy changed in the middle of a day, the report names the last one. */
function addDmarc(
  all: Map<string, { policy: PublishedPolicy; rows: DmarcRow[] }>,
  { policy, row }: DmarcCount,
  count: number,
): void {
  const known = all.get(policy.domain);
  if (known === undefined) all.set(policy.domain, { policy, rows: [{ ...row, count }] });
  else {
    known.policy = policy;
    known.rows.push({ ...row, count });
  }
}

function addTls(
  all: Map<string, Map<string, TlsPolicyReport>>,
  { domain, policy, detail }: TlsCount,
  count: number,
): void {
  let policies = all.get(domain);
  if (policies === undefined) all.set(domain, (policies = new Map()));
  const key = JSON.stringify(policy);
  const known = policies.get(key) ?? { ...policy, successes: 0, failures: 0, details: [] };
  policies.set(key, {
    ...known,
    successes: known.successes + (detail === undefined ? count : 0),
    failures: known.failures + (detail === undefined ? 0 : count),
    details: detail === undefined ? known.details : [...known.details, { ...detail, sessions: count }],
  });
}

/** Who wants it, as the DNS says now: who has changed his mind since then gets what he wants now. */
export async function destinationsOf(
  { kind, domain }: OutgoingReport,
  resolver: Resolver,
  clock: Clock,
): Promise<Destinations> {
  if (kind === "tls") return tlsDestinations(domain, resolver);
  const timed = new TimedResolver({ resolver, clock, timeLimit: PATIENCE });
  try {
    const record = await recordOf(timed, domain);
    if (record === undefined) return { kind: "found", to: [], refused: [] };
    return await dmarcDestinations(domain, record.reportsTo, resolver);
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    return { kind: "tempfail", reason: error.message };
  } finally {
    timed.close();
  }
}
