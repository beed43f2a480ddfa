/** Reports about TLS (RFC 8460 §4): what one says, read from JSON and written as JSON. */

export interface TlsReport {
  readonly kind: "tls";
  readonly organization: string;
  readonly contact: string;
  readonly id: string;
  /** Seconds since the epoch. */
  readonly begin: number;
  readonly end: number;
  readonly policies: readonly TlsPolicyReport[];
}

export interface TlsPolicyReport {
  readonly type: string;
  readonly strings: readonly string[];
  readonly domain: string;
  readonly mxHosts: readonly string[];
  readonly successes: number;
  readonly failures: number;
  readonly details: readonly TlsFailureDetail[];
}

export interface TlsFailureDetail {
  readonly type: string;
  readonly sessions: number;
  readonly sendingIp?: string;
  readonly receivingMx?: string;
  readonly receivingHelo?: string;
  readonly receivingIp?: string;
  readonly reason?: string;
  readonly more?: string;
}

const MOST_POLICIES = 10_000;
const MOST_DETAILS = 100_000;

type Json = Readonly<Record<string, unknown>>;

/** @throws for text that is no JSON, or not such a report */
export function readTlsReport(text: string): TlsReport {
  const root = object(JSON.parse(text), "the report");
  const range = object(root["date-range"], "date-range");
  const policies = list(root["policies"], "policies", MOST_POLICIES).map((each, index) => readPolicy(each, index));
  return {
    kind: "tls",
    organization: word(root["organization-name"]),
    contact: word(root["contact-info"]),
    id: word(root["report-id"]),
    begin: time(range["start-datetime"], "start-datetime"),
    end: time(range["end-datetime"], "end-datetime"),
    policies,
  };
}

function readPolicy(value: unknown, index: number): TlsPolicyReport {
  const whole = object(value, `policies[${index}]`);
  const policy = object(whole["policy"], `policies[${index}].policy`);
  const summary = object(whole["summary"] ?? {}, `policies[${index}].summary`);
  const details = list(whole["failure-details"] ?? [], `policies[${index}].failure-details`, MOST_DETAILS);
  return {
    type: word(policy["policy-type"]),
    strings: words(policy["policy-string"]),
    domain: word(policy["policy-domain"]),
    mxHosts: words(policy["mx-host"]),
    successes: count(summary["total-successful-session-count"], "total-successful-session-count"),
    failures: count(summary["total-failure-session-count"], "total-failure-session-count"),
    details: details.map((each) => readDetail(object(each, "failure-details"))),
  };
}

/** Names of RFC 8460 §4.4 → ours. */
const DETAILS = [
  ["sending-mta-ip", "sendingIp"],
  ["receiving-mx-hostname", "receivingMx"],
  ["receiving-mx-helo", "receivingHelo"],
  ["receiving-ip", "receivingIp"],
  ["failure-reason-code", "reason"],
  ["additional-information", "more"],
] as const;

function readDetail(detail: Json): TlsFailureDetail {
  const texts = DETAILS.flatMap(([name, own]) =>
    word(detail[name]) === "" ? [] : [[own, word(detail[name])] as const],
  );
  const sessions = count(detail["failed-session-count"], "failed-session-count");
  return { type: word(detail["result-type"]), sessions, ...Object.fromEntries(texts) };
}

function object(value: unknown, name: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error(`${name} should be an object`);
  return value as Json;
}

function list(value: unknown, name: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${name} should be a list`);
  if (value.length > most) throw new Error(`${name} has more than ${most} members`);
  return value as readonly unknown[];
}

function word(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

/** Some send one text where the RFC has a list. */
function words(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(word).filter((each) => each !== "") : word(value) === "" ? [] : [word(value)];
}

function count(value: unknown, name: string): number {
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : (value ?? 0);
  if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0)
    throw new Error(`${name} should be a number, not ${JSON.stringify(value)}`);
  return number;
}

function time(value: unknown, name: string): number {
  const milliseconds = Date.parse(word(value));
  if (Number.isNaN(milliseconds)) throw new Error(`${name} should be a time, not ${JSON.stringify(value)}`);
  return Math.floor(milliseconds / 1000);
}

/** The report as JSON. */
export function writeTlsReport(report: TlsReport): string {
  return JSON.stringify({
    "organization-name": report.organization,
    "date-range": { "start-datetime": dateTime(report.begin), "end-datetime": dateTime(report.end) },
    "contact-info": report.contact,
    "report-id": report.id,
    policies: report.policies.map((each) => ({
      policy: {
        "policy-type": each.type,
        ...(each.strings.length > 0 && { "policy-string": each.strings }),
        "policy-domain": each.domain,
        ...(each.mxHosts.length > 0 && { "mx-host": each.mxHosts }),
      },
      summary: {
        "total-successful-session-count": each.successes,
        "total-failure-session-count": each.failures,
      },
      ...(each.details.length > 0 && { "failure-details": each.details.map(writeDetail) }),
    })),
  });
}

function dateTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000", "");
}

function writeDetail(detail: TlsFailureDetail): Json {
  const texts = DETAILS.flatMap(([name, own]) => (detail[own] === undefined ? [] : [[name, detail[own]] as const]));
  return { "result-type": detail.type, ...Object.fromEntries(texts), "failed-session-count": detail.sessions };
}
