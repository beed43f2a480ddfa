/** How long a policy of MTA-STS is kept, whatever becomes of the clock. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { renewalAge, StsCache } from "../../../../../src/authentication/policy/sts/cache.ts";
import { Sts } from "../../../../../src/authentication/policy/sts/sts.ts";
import { silentLog } from "../../../../../src/log/log.ts";
import { answeringResolver } from "../../../../support/answering-resolver.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";

const NOON = Date.UTC(2026, 11, 1, 12);
const WEEK = 7 * 86_400;
const POLICY = { mode: "enforce", mx: ["mx.b.test"], maxAge: WEEK, id: "1", fetched: NOON } as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sts-cache-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("a policy counts until its time ends, after a restart, too", async () => {
  const clock = new ManualClock(NOON);
  const file = join(folder, "kept");
  const cache = new StsCache(file, clock, silentLog);
  cache.put("b.test", POLICY);
  await cache.flush();
  clock.advance(WEEK * 1000 - 1);
  expect(new StsCache(file, clock, silentLog).get("b.test")).toEqual(POLICY);
  clock.advance(1);
  expect(new StsCache(file, clock, silentLog).get("b.test")).toBeUndefined();
});

test("one that was fetched later than now, because the clock was set back, counts no longer than its time from now on", async () => {
  const file = join(folder, "later");
  const before = new StsCache(file, new ManualClock(NOON + 300 * 86_400_000), silentLog);
  before.put("b.test", { ...POLICY, fetched: NOON + 300 * 86_400_000 });
  await before.flush();
  const clock = new ManualClock(NOON);
  const cache = new StsCache(file, clock, silentLog);
  const kept = cache.get("b.test");
  expect(kept?.mx).toEqual(["mx.b.test"]);
  expect(kept!.fetched + renewalAge(kept!)).toBeLessThan(NOON);
  await cache.flush();
  clock.advance(WEEK * 1000);
  expect(cache.get("b.test")).toBeUndefined();
  expect(new StsCache(file, clock, silentLog).get("b.test")).toBeUndefined();
});

test("... and is fetched anew when it is used", async () => {
  const clock = new ManualClock(NOON);
  const cache = new StsCache(undefined, clock, silentLog);
  cache.put("b.test", { ...POLICY, fetched: NOON + 86_400_000 });
  const asked: string[] = [];
  const sts = new Sts({
    resolver: answeringResolver({ "_mta-sts.b.test": "v=STSv1; id=1;" }),
    cache,
    clock,
    log: silentLog,
    fetch(domain) {
      asked.push(domain);
      return Promise.resolve({ kind: "text", text: "version: STSv1\nmode: enforce\nmx: new.b.test\nmax_age: 86400\n" });
    },
    failed: () => undefined,
  });
  expect((await sts.policyOf("b.test"))?.mx).toEqual(["mx.b.test"]);
  expect(asked).toEqual(["b.test"]);
  await new Promise((done) => setImmediate(done));
  expect(await sts.policyOf("b.test")).toMatchObject({ mx: ["new.b.test"], fetched: NOON });
});
