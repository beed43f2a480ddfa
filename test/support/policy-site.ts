/** The machine of test/golden/policy: its configurations, tables, names and accounts, for genuine sendmail and for us. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PolicySite } from "../golden/policy/rows.ts";

export const policyGolden = join(import.meta.dirname, "..", "golden", "policy");

export const ACCOUNTS = "joe:x:1000:1000:Joe Public:/:/bin/sh\nann:x:1001:1001:Ann &:/:/bin/sh\n";
/** Of the server; the clients' are those of the rows. */
export const SERVER = "192.0.2.25";
export const SERVER6 = "2001:db8::25";

/** Name → text of the files of a site, its .mc among them; `@DIR@` stands for their folder, `@PORT@` for the port. */
export function policyFiles({ features, rules = [], config = [], access }: PolicySite): ReadonlyMap<string, string> {
  const head = readFileSync(join(policyGolden, "site.mc"), "latin1");
  const mc = [
    ...features.map((line) => `${line}dnl`),
    "MAILER(`local')dnl",
    "MAILER(`smtp')dnl",
    ...(config.length === 0 ? [] : ["LOCAL_CONFIG", ...config]),
    ...(rules.length === 0 ? [] : ["LOCAL_RULESETS", ...rules]),
    "",
  ];
  const table = Object.entries(access ?? {}).map(([key, value]) => `${key}\t${value}\n`);
  return new Map([
    ["site.mc", head + mc.join("\n")],
    ["aliases", "list: joe, ann\n"],
    ["access", table.join("")],
    ["local-host-names", "mail.example.test\n"],
    ["relay-domains", "friend.test\n10.1\n"],
  ]);
}

export interface Held {
  readonly name: string;
  readonly said: readonly string[];
  readonly logged: readonly string[];
}

/** What genuine sendmail said and logged, by the names of the rows. */
export function readPolicyRecorded(): ReadonlyMap<string, Held> {
  const lines = readFileSync(join(policyGolden, "recorded.jsonl"), "utf8").trimEnd().split("\n");
  return new Map(lines.map((line) => JSON.parse(line) as Held).map((held) => [held.name, held]));
}
