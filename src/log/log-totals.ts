/** What a log says in numbers: counts of lines as they pass, in bounded memory. */
import { refusalOf } from "./message-index.ts";
import type { LogEntry } from "./read-entry.ts";
import type { Facts, FromFacts, RulesetFacts, ToFacts } from "./read-facts.ts";
import { TopCounts } from "./top-counts.ts";

/** Tables of names with the highest counts. */
const TABLES = ["senders", "recipients", "clients", "hosts", "refusals", "bounces", "deferrals", "rules"] as const;
export type Table = (typeof TABLES)[number];

export class LogTotals {
  /** Times of the first entry and the last; ms since the epoch. */
  first = Number.POSITIVE_INFINITY;
  last = Number.NEGATIVE_INFINITY;
  /** Messages that came, their octets and recipients. */
  received = 0;
  octets = 0;
  addressed = 0;
  /** Recipients that were served, attempts that were put off, recipients that were given up. */
  delivered = 0;
  deferred = 0;
  bounced = 0;
  /** Answers of rulesets and filters; attempts of clients, not messages. */
  refused = 0;
  discarded = 0;
  quarantined = 0;
  readonly tables: Readonly<Record<Table, TopCounts>> = Object.fromEntries(
    TABLES.map((table) => [table, new TopCounts()]),
  ) as Record<Table, TopCounts>;
  /** By hour of the day, local time. */
  readonly hours = Array.from({ length: 24 }, () => ({ received: 0, delivered: 0, refused: 0 }));

  add({ origin: { time }, text }: LogEntry, facts: Facts): void {
    this.first = Math.min(this.first, time);
    this.last = Math.max(this.last, time);
    const hour = this.hours[new Date(time).getHours()];
    switch (facts.kind) {
      case "from":
        hour.received++;
        this.#arrived(facts);
        return;
      case "to":
        if (facts.outcome === "sent") hour.delivered += facts.to.length;
        this.#tried(facts);
        return;
      case "ruleset":
        if (facts.verdict === "reject") hour.refused++;
        this.#judged(facts);
        return;
      case "filter": {
        hour.refused++;
        this.refused++;
        const { by, text: reply } = refusalOf(facts, time);
        this.tables.refusals.add(`${by}: ${reasonOf(reply)}`);
        return;
      }
      case "discarded":
        this.discarded++;
        return;
      case "quarantine":
        this.quarantined++;
        return;
      case "other":
        this.#rule(text);
    }
  }

  /** Where names were forgotten. */
  get rough(): readonly Table[] {
    return TABLES.filter((table) => this.tables[table].isRough);
  }

  #arrived({ from, size, nrcpts, relay }: FromFacts): void {
    this.received++;
    this.octets += size;
    this.addressed += nrcpts;
    this.tables.senders.add(from === "" ? "<>" : from.toLowerCase());
    if (relay !== "") this.tables.clients.add(relay);
  }

  #tried({ to, outcome, relay, stat }: ToFacts): void {
    if (outcome === "queued") return;
    const { recipients, hosts, deferrals, bounces } = this.tables;
    if (outcome === "sent") {
      this.delivered += to.length;
      for (const each of to) recipients.add(each.toLowerCase());
      if (relay !== undefined) hosts.add(relay, to.length);
    } else if (outcome === "deferred") {
      this.deferred += to.length;
      deferrals.add(reasonOf(stat.replace(/^Deferred: /, "")), to.length);
    } else {
      this.bounced += to.length;
      bounces.add(reasonOf(stat), to.length);
    }
  }

  #judged({ ruleset, verdict, text }: RulesetFacts): void {
    if (verdict === "reject") {
      this.refused++;
      this.tables.refusals.add(`${ruleset}: ${reasonOf(text)}`);
    } else if (verdict === "discard") this.tables.refusals.add(`${ruleset}: discarded`);
    else this.tables.refusals.add(`${ruleset}: quarantined: ${text}`);
  }

  /** `ruleset=check_rcpt, rule=/etc/mail/sendmail.cf:1200, origin=site.mc:12 FEATURE(...)`: LogLevel 10. */
  #rule(text: string): void {
    const found = /^ruleset=([^,]*), rule=(.*)$/.exec(text);
    if (found === null) return;
    const [, ruleset, rule] = found;
    const at = rule.indexOf(", origin=");
    this.tables.rules.add(`${ruleset}: ${at === -1 ? rule : rule.slice(at + ", origin=".length)}`);
  }
}

/** A reply without what differs from one client to the next: addresses of mail and hosts. */
function reasonOf(text: string): string {
  const general = text
    .replaceAll(/<[^<>]*>(?:\.\.\. ?)?/g, "")
    .replaceAll(/\[[^[\]]*\]/g, "[...]")
    .replaceAll(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, "...")
    .trim();
  return general.slice(0, 160);
}
