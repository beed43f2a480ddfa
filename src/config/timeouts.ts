/** The suboptions of Timeout: name, unit of a bare number, default. Names are exact but for letter case. */
import type { TimeUnit } from "./options.ts";

export interface TimeoutRow {
  readonly unit: TimeUnit;
  /** As it would be written. */
  readonly initial: string;
  /** A count, not a time. */
  readonly count?: true;
  /** Setting this one sets these. */
  readonly all?: readonly string[];
}

const URGENCIES = ["normal", "urgent", "non-urgent", "dsn"] as const;

const given = {
  connect: { unit: "s", initial: "0" },
  iconnect: { unit: "s", initial: "0" },
  aconnect: { unit: "s", initial: "0" },
  initial: { unit: "m", initial: "5m" },
  helo: { unit: "m", initial: "5m" },
  mail: { unit: "m", initial: "10m" },
  rcpt: { unit: "m", initial: "1h" },
  datainit: { unit: "m", initial: "5m" },
  datablock: { unit: "m", initial: "1h" },
  datafinal: { unit: "m", initial: "1h" },
  command: { unit: "m", initial: "1h" },
  rset: { unit: "m", initial: "5m" },
  quit: { unit: "m", initial: "2m" },
  misc: { unit: "m", initial: "2m" },
  ident: { unit: "s", initial: "5s" },
  fileopen: { unit: "s", initial: "60s" },
  queuewarn: { unit: "h", initial: "0", all: URGENCIES.map((each) => `queuewarn.${each}`) },
  queuereturn: { unit: "d", initial: "5d", all: URGENCIES.map((each) => `queuereturn.${each}`) },
  hoststatus: { unit: "m", initial: "30m" },
  control: { unit: "m", initial: "2m" },
  lhlo: { unit: "m", initial: "2m" },
  auth: { unit: "m", initial: "10m" },
  starttls: { unit: "m", initial: "1h" },
  "resolver.retrans": { unit: "s", initial: "0", all: ["resolver.retrans.first", "resolver.retrans.normal"] },
  "resolver.retry": { unit: "s", initial: "0", count: true, all: ["resolver.retry.first", "resolver.retry.normal"] },
} as const satisfies Readonly<Record<string, TimeoutRow>>;

type Urgency = (typeof URGENCIES)[number];
type Times = "first" | "normal";
/** A timeout that exists, in lower case. */
export type TimeoutName =
  | keyof typeof given
  | `${"queuewarn" | "queuereturn"}.${Urgency}`
  | `resolver.${"retrans" | "retry"}.${Times}`;

const rows: Record<string, TimeoutRow> = { ...given };
for (const row of Object.values(rows)) {
  for (const each of row.all ?? []) {
    rows[each] = { unit: row.unit, initial: row.initial, ...(row.count ? { count: true } : {}) };
  }
}

export const TIMEOUTS: ReadonlyMap<TimeoutName, TimeoutRow> = new Map(
  Object.entries(rows) as [TimeoutName, TimeoutRow][],
);

/** The timeout of this name, in any letter case. */
export function timeoutNamed(name: string): TimeoutRow | undefined {
  return TIMEOUTS.get(name.toLowerCase() as TimeoutName);
}

/** What option r without suboption sets: a time for all the replies of a peer. */
export const REPLY_TIMEOUTS: readonly string[] = ["initial", "helo", "mail", "rcpt", "datainit", "datablock"].concat([
  "datafinal",
  "rset",
  "quit",
  "misc",
  "command",
]);
