/**
 * What rulesets decide, at which moment, with which macros: the table of test/golden/policy, with what genuine sendmail 8.17
 * answered and logged (recorded.jsonl).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { rows, sites } from "../golden/policy/cases.ts";
import { expected } from "../golden/policy/differences.ts";
import { nameOf } from "../golden/policy/rows.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { comparableLine, holdRow } from "../support/policy-dialogues.ts";
import { startPolicyServer } from "../support/policy-server.ts";
import { type Held, policyGolden, readPolicyRecorded } from "../support/policy-site.ts";
import { readZone } from "../support/zone-file.ts";

const recorded = readPolicyRecorded();
const folder = mkdtempSync(join(tmpdir(), "policy-"));
let dns: DnsServer;

beforeAll(async () => {
  dns = await startDnsServer(readZone(join(policyGolden, "zone")));
});

afterAll(async () => {
  await dns.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each(Object.keys(sites))("site %s", async (site) => {
  const server = await startPolicyServer(sites[site], join(folder, site), dns);
  const ours = rows.filter((row) => row.site === site);
  const held = new Map<string, Pick<Held, "said" | "logged">>();
  for (const row of ours) {
    const client = await server.client(row.from);
    const said = await holdRow(row, client);
    client.half();
    await client.rest();
    const logged = server.logged().flatMap((line) => comparableLine(line) ?? []);
    held.set(nameOf(row), { said, logged });
  }
  await server.close();
  const names = ours.map(nameOf);
  expect(held).toEqual(new Map(names.map((name) => [name, expected(recorded.get(name)!)])));
});
