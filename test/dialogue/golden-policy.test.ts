/**
 * What rulesets decide, at which moment, with which macros: the table of test/golden/policy, with what genuine sendmail 8.17
 * answered and logged (recorded.jsonl).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { rows, sites } from "../golden/policy/cases.ts";
import { expected } from "../golden/policy/differences.ts";
import { nameOf } from "../golden/policy/rows.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { comparableLine, holdRow } from "../support/policy-dialogues.ts";
import { type PolicyServer, startPolicyServer } from "../support/policy-server.ts";
import { policyGolden, readPolicyRecorded } from "../support/policy-site.ts";
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

describe.each(Object.keys(sites))("site %s", (site) => {
  let server: PolicyServer;
  beforeAll(async () => {
    server = await startPolicyServer(sites[site], join(folder, site), dns);
  });
  afterAll(() => server.close());

  test.each(rows.filter((row) => row.site === site).map((row) => [nameOf(row), row] as const))(
    "%s",
    async (name, row) => {
      const client = await server.client(row.from);
      const said = await holdRow(row, client);
      client.half();
      await client.rest();
      const logged = server.logged().flatMap((line) => comparableLine(line) ?? []);
      expect({ said, logged }).toEqual(expected(recorded.get(name)!));
    },
  );
});
