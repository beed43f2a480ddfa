/** What `rulemail explain` says of the hosts that a delivery would try: policies of their owners, where these are asked for. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { explanationLines } from "../../../src/analysis/explain-text.ts";
import { lineOf } from "../../../src/cli/explain-line.ts";
import { Dns2Resolver } from "../../../src/dns/dns2-resolver.ts";
import { systemClock } from "../../../src/sys/clock.ts";
import { AnalysisFolder } from "../../support/analysis.ts";
import { type DnsServer, startDnsServer } from "../../support/dns-server.ts";
import { testUsers } from "../../support/delivery-job.ts";
import { LEAF } from "../../support/line-certificates.ts";
import { tlsa } from "../../support/line-site.ts";

let dns: DnsServer;
const folder = new AnalysisFolder();

beforeAll(async () => {
  dns = await startDnsServer({
    "b.test": ["SIGNED", "MX 5 good.b.test", "MX 10 bogus.b.test", "MX 20 bare.b.test"],
    "good.b.test": ["SIGNED", "A 192.0.2.1"],
    "bogus.b.test": ["SIGNED", "A 192.0.2.2"],
    "bare.b.test": ["SIGNED", "A 192.0.2.3"],
    "_25._tcp.good.b.test": ["SIGNED", tlsa("3 1 1", LEAF)],
    "_25._tcp.bogus.b.test": ["SERVFAIL"],
  });
});
afterAll(async () => {
  await dns.close();
  folder.remove();
});

async function told(mc: readonly string[], outcome = { mailer: "esmtp", host: "b.test" }) {
  const { config } = await folder.subject([...mc, "MAILER(`local')", "MAILER(`smtp')", ""].join("\n"), "mc");
  const machine = dns.machine();
  const resolver = new Dns2Resolver({ machine, clock: systemClock });
  const users = testUsers() as Parameters<typeof lineOf>[1]["users"];
  return lineOf(config, { machine, resolver, users }, { kind: "mailer", user: "joe@b.test", ...outcome });
}

test("each host, in its order, with what holds for it", async () => {
  const line = await told(["define(`confDANE', `true')"]);
  expect(line).toEqual([
    { host: "good.b.test", policy: "dane=3-1-1" },
    { problem: expect.stringMatching(/^Deferred: bogus\.b\.test: TLSA records cannot be looked up/) },
    { host: "bare.b.test", policy: "none" },
  ]);
  const story = { address: "joe@b.test", role: "recipient", rulesets: [], sent: [], messages: [] } as const;
  const outcome = { kind: "discard" } as const;
  expect(explanationLines({ ...story, outcome, ...(line && { line }) })).toEqual(
    expect.arrayContaining([
      "host good.b.test: dane=3-1-1",
      "host bare.b.test: nothing is published about connections",
    ]),
  );
});

test("nobody is asked where the options are off, or for another kind of mailer", async () => {
  const before = dns.asked.length;
  expect(await told([])).toBeUndefined();
  expect(await told(["define(`confDANE', `true')"], { mailer: "local", host: "" })).toBeUndefined();
  expect(dns.asked.length).toBe(before);
});
