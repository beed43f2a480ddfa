/** `rulemail log stats`: what came, went and was refused, by whom and why. */
import { LogTotals, type Table } from "../../log/log-totals.ts";
import { readFacts } from "../../log/read-facts.ts";
import { systemClock } from "../../sys/clock.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { CommandStreams } from "../command-streams.ts";
import { size } from "../queue/words.ts";
import { NOTHING_FOUND, parsed, parserOf, say, usageError } from "./command.ts";
import { timesOf, withTimes } from "./conditions.ts";
import { isoTime } from "./message-text.ts";
import { entriesOf, sourcesOf } from "./sources.ts";
import { clockText, dateText } from "./when.ts";

const TITLES: Readonly<Record<Table, string>> = {
  senders: "Senders, by messages",
  recipients: "Recipients, by deliveries",
  clients: "Clients that handed in mail",
  hosts: "Hosts that took mail",
  refusals: "Refusals, by who decided and why",
  rules: "Rules that decided (LogLevel 10)",
  deferrals: "Deferrals, by reason",
  bounces: "Bounces, by reason",
};

/** @returns 0; 1 when the log says nothing about that time; 64; 66 */
export async function runLogStats(words: readonly string[], streams: CommandStreams): Promise<number> {
  const parser = withTimes(parserOf("stats", "[options] [FILE ...]\nWhat came, went and was refused."))
    .option("top", { type: "string", nargs: 1, default: "10", describe: "so many rows of each table" })
    .example("journalctl -o short -u rulemail | rulemail log stats -", "of what the journal has")
    .epilogue("Status 0; 1: no lines of that time; 64: bad words; 66: a log cannot be read.");
  const read = await parsed("stats", parser, words, streams);
  if (read === undefined) return EX.OK;
  const { options } = read;
  if (!/^\d{1,5}$/.test(options.top)) throw usageError("stats", `--top "${options.top}" is no number`);
  const now = systemClock.now();
  const { since, until } = timesOf(options, now);
  const totals = new LogTotals();
  for (const source of sourcesOf([...(options.file ?? []), ...read.words], streams, now, since)) {
    for await (const entries of entriesOf(source)) {
      for (const entry of entries) {
        if (entry.origin.time >= since && entry.origin.time <= until) totals.add(entry, readFacts(entry.text));
      }
    }
  }
  if (totals.first > totals.last) {
    streams.errors.line("rulemail log stats: there are no lines of that time");
    return NOTHING_FOUND;
  }
  const top = Number(options.top);
  if (options.json) streams.output.line(asciiJson(documentOf(totals, top)));
  else for (const line of linesOf(totals, top)) say(streams, line);
  return EX.OK;
}

function documentOf(totals: LogTotals, top: number) {
  const { first, last, received, octets, addressed, delivered, deferred, bounced, refused } = totals;
  const { discarded, quarantined, tables, hours, rough } = totals;
  const names = Object.keys(TITLES) as Table[];
  return {
    from: isoTime(first),
    to: isoTime(last),
    received,
    octets,
    addressed,
    delivered,
    deferred,
    bounced,
    refused,
    discarded,
    quarantined,
    ...Object.fromEntries(names.map((name) => [name, tables[name].top(top)])),
    hours,
    rough,
  };
}

function* linesOf(totals: LogTotals, top: number): Generator<string> {
  const { first, last, received, octets, addressed, delivered, deferred, bounced, refused } = totals;
  const { discarded, quarantined, tables, hours, rough } = totals;
  yield `From ${dateText(first)} ${clockText(first)} to ${dateText(last)} ${clockText(last)}`;
  yield "";
  const rows: readonly (readonly [string, number, string])[] = [
    ["received", received, `messages, ${size(octets)} octets, for ${addressed} recipients`],
    ["delivered", delivered, "recipients"],
    ["deferred", deferred, "attempts"],
    ["bounced", bounced, "recipients"],
    ["refused", refused, "commands of clients"],
    ["discarded", discarded, "messages"],
    ["quarantined", quarantined, "messages"],
  ];
  for (const [name, count, unit] of rows) yield `  ${name.padEnd(12)}${String(count).padStart(9)}  ${unit}`;
  for (const [table, title] of Object.entries(TITLES) as [Table, string][]) {
    const names = tables[table].top(top);
    if (names.length === 0) continue;
    yield `\n${title}${rough.includes(table) ? " (too many names for exact counts)" : ""}`;
    for (const { name, count } of names) yield `  ${String(count).padStart(9)}  ${name}`;
  }
  yield "\nHour   received  delivered    refused";
  for (const [hour, counts] of hours.entries()) {
    const numbers = [counts.received, counts.delivered, counts.refused];
    if (numbers.every((each) => each === 0)) continue;
    yield `  ${String(hour).padStart(2, "0")}  ${numbers.map((each) => String(each).padStart(9)).join("  ")}`;
  }
}
