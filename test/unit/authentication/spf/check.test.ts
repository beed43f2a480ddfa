import { describe, expect, test } from "@jest/globals";
import { checkSpf, type SpfQuestion } from "../../../../src/authentication/spf/check.ts";
import type { SpfResult } from "../../../../src/authentication/spf/result.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { type TypedZone, type ZoneResolver, zoneResolver } from "../../../support/zone-resolver.ts";

function check(
  zone: TypedZone | ZoneResolver,
  change: Partial<SpfQuestion> = {},
  clock = new ManualClock(),
): Promise<SpfResult> {
  const resolver = "query" in zone ? zone : zoneResolver(zone);
  return checkSpf(
    { client: "192.0.2.7", helo: "mx.a.test", sender: "joe@a.test", identity: "mailfrom", ...change },
    { resolver, clock, hostName: "mail.example.test", timeLimit: 20_000 },
  );
}

describe("results", () => {
  test.each([
    ["v=spf1 ip4:192.0.2.0/24 -all", "pass", "ip4:192.0.2.0/24"],
    ["v=spf1 ip4:192.0.2.8 -all", "fail", "-all"],
    ["v=spf1 a ~all", "pass", "a"],
    ["V=SPF1 mx:b.test ?all", "pass", "mx:b.test"],
    ["v=spf1 ip6:2001:db8::/32 ~all", "softfail", "~all"],
    ["v=spf1 exists:%{ir}.list.%{d} -all", "pass", "exists:%{ir}.list.%{d}"],
    ["v=spf1 include:b.test -all", "pass", "include:b.test"],
    ["v=spf1 redirect=b.test", "pass", "a:mx.b.test"],
    ["v=spf1 ptr:far.test -all", "pass", "ptr:far.test"],
    ["v=spf1", "neutral", undefined],
    ["v=spf10 -all", "none", undefined],
    ["v=spf1 ip4:192.0.2.300 -all", "permerror", undefined],
    ["v=spf1 a/33 -all", "permerror", undefined],
    ["v=spf1 include:none.test -all", "permerror", undefined],
    ["v=spf1 all:x", "permerror", undefined],
    ["v=spf1 redirect=b.test redirect=b.test", "permerror", undefined],
    ["v=spf1 exists:%{x}.a.test", "permerror", undefined],
    [`v=spf1 exists:${"%{l9r.-+,/_=}".repeat(1000)}.a.test`, "permerror", undefined],
    ["v=spf1 include:later.test -all", "temperror", undefined],
  ])("%s: %s", async (record, result, term) => {
    const zone: TypedZone = {
      "TXT a.test": record,
      "A a.test": "192.0.2.7",
      "MX b.test": ["mx.b.test"],
      "A mx.b.test": "192.0.2.7",
      "TXT b.test": "v=spf1 a:mx.b.test -all",
      "A 7.2.0.192.list.a.test": "127.0.0.2",
      "PTR 7.2.0.192.in-addr.arpa": ["client.far.test"],
      "A client.far.test": "192.0.2.7",
      "TXT later.test": "later",
    };
    expect(await check(zone)).toMatchObject({ result, ...(term === undefined ? {} : { term }) });
  });

  test("an explanation with very many macros is not said", async () => {
    const zone: TypedZone = { "TXT a.test": "v=spf1 -all exp=why.a.test", "TXT why.a.test": "%{s}".repeat(1000) };
    const result = await check(zone);
    expect(result).toMatchObject({ result: "fail" });
    expect(result.explanation).toBeUndefined();
  });

  test("the null sender is postmaster of the HELO name; a sender without a local part is postmaster", async () => {
    const zone: TypedZone = {
      "TXT mx.a.test": "v=spf1 exists:%{l}.%{o}.test -all",
      "A postmaster.mx.a.test.test": "127.0.0.2",
      "TXT a.test": "v=spf1 exists:%{s}.test -all",
      "A postmaster@a.test.test": "127.0.0.2",
    };
    expect(await check(zone, { sender: "" })).toMatchObject({ result: "pass", domain: "mx.a.test" });
    expect(await check(zone, { sender: "@a.test" })).toMatchObject({ result: "pass", domain: "a.test" });
    expect(await check(zone, { sender: "", helo: "[192.0.2.7]" })).toMatchObject({ result: "none", domain: "" });
    expect(await check(zone, { sender: "", helo: "here" })).toMatchObject({ result: "none", domain: "" });
  });

  test("an address of IPv4 written as IPv6 is one of IPv4; IPv6 compares by bits", async () => {
    const zone: TypedZone = { "TXT a.test": "v=spf1 ip4:192.0.2.7 ip6:2001:db8:8000::/33 -all" };
    expect(await check(zone, { client: "::ffff:192.0.2.7" })).toMatchObject({ result: "pass" });
    expect(await check(zone, { client: "2001:db8:8000::1" })).toMatchObject({ result: "pass" });
    expect(await check(zone, { client: "2001:db8:7fff::1" })).toMatchObject({ result: "fail" });
    expect(await check(zone, { client: "UNIX" })).toMatchObject({ result: "none" });
  });

  test("domains beyond ASCII are asked as the DNS knows them; a local part beyond it is in no record", async () => {
    const zone: TypedZone = { "TXT xn--bcher-kva.test": "v=spf1 exists:%{l}.a.test +all", "A x.a.test": "127.0.0.2" };
    const sender = Buffer.from("jürgen@bücher.test", "utf8").toString("latin1");
    expect(await check(zone, { sender })).toEqual({
      result: "pass",
      identity: "mailfrom",
      domain: "xn--bcher-kva.test",
      term: "+all",
    });
  });

  test("a refusal is explained by the domain that was asked, in harmless words", async () => {
    const zone: TypedZone = {
      "TXT a.test": "v=spf1 include:b.test redirect=c.test exp=no.a.test",
      "TXT b.test": "v=spf1 -all exp=no.b.test",
      "TXT c.test": "v=spf1 -all exp=no.%{d}",
      "TXT no.c.test": "%{c} is not one of %{d}, says %{r}%%",
    };
    expect(await check(zone)).toMatchObject({
      result: "fail",
      explanation: "192.0.2.7 is not one of c.test, says mail.example.test%",
    });
    expect((await check({ ...zone, "TXT no.c.test": "caf\xe9" })).explanation).toBeUndefined();
    expect((await check({ ...zone, "TXT no.c.test": "later" })).explanation).toBeUndefined();
    expect((await check({ ...zone, "TXT no.c.test": "x".repeat(5000) })).explanation).toHaveLength(400);
  });
});

/** Terms that ask, behind one that includes them. */
function included(count: number): TypedZone {
  return {
    "TXT a.test": "v=spf1 include:b.test -all",
    "TXT b.test": `v=spf1 ${"a:c.test ".repeat(count)}+all`,
    "A c.test": "192.0.2.99",
  };
}

describe("limits", () => {
  test("ten terms that ask, wherever they stand", async () => {
    expect(await check(included(9))).toMatchObject({ result: "pass" });
    expect(await check(included(10))).toMatchObject({
      result: "permerror",
      reason: "more than 10 terms that ask the DNS",
    });
  });

  test("a record that includes itself ends, and so does one that redirects to itself", async () => {
    for (const record of ["v=spf1 include:a.test -all", "v=spf1 redirect=a.test"]) {
      const resolver = zoneResolver({ "TXT a.test": record });
      expect(await check(resolver)).toMatchObject({ result: "permerror" });
      expect(resolver.asked).toHaveLength(11);
    }
  });

  test("two questions in vain", async () => {
    expect(await check({ "TXT a.test": "v=spf1 a:x.test a:y.test +all" })).toMatchObject({ result: "pass" });
    expect(await check({ "TXT a.test": "v=spf1 a:x.test a:y.test a:z.test +all" })).toMatchObject({
      result: "permerror",
      reason: "more than 2 questions to the DNS in vain",
    });
  });

  test("ten mail hosts, and ten names of the client", async () => {
    const hosts = Array.from({ length: 11 }, (_, i) => `mx${i}.a.test`);
    const addresses = Object.fromEntries(hosts.map((host) => [`A ${host}`, "192.0.2.7"])) as TypedZone;
    expect(await check({ ...addresses, "TXT a.test": "v=spf1 mx -all", "MX a.test": hosts })).toMatchObject({
      result: "permerror",
    });
    const resolver = zoneResolver({
      ...addresses,
      "TXT a.test": "v=spf1 ptr:mx10.a.test -all",
      "PTR 7.2.0.192.in-addr.arpa": hosts,
    });
    expect(await check(resolver)).toMatchObject({ result: "fail" });
    expect(resolver.asked.filter((question) => question.startsWith("A "))).toHaveLength(10);
  });

  test("name servers that never answer: the time is over for all questions together", async () => {
    const clock = new ManualClock();
    const found = check({ "TXT a.test": "v=spf1 include:b.test -all", "TXT b.test": "never" }, {}, clock);
    await new Promise(setImmediate);
    clock.advance(20_000);
    expect(await found).toMatchObject({ result: "temperror", reason: "TXT b.test: no answer within 20 s" });
  });

  test("records of 64,000 octets are read in time that grows with them", async () => {
    const long = [
      `v=spf1 ${"ip4:192.0.2.99 ".repeat(4_000)}-all`,
      `v=spf1 a:${"1".repeat(60_000)}! -all`,
      `v=spf1 a:${"%{d}".repeat(15_000)} -all`,
      `v=spf1 a/${"1".repeat(60_000)} -all`,
      `v=spf1 ${"x".repeat(60_000)}`,
      `v=spf1 exists:${"%{l1r-}".repeat(9_000)}.a.test -all`,
    ];
    const results: string[] = [];
    for (const record of long) results.push((await check({ "TXT a.test": record })).result);
    expect(results).toEqual(["fail", "permerror", "permerror", "permerror", "permerror", "permerror"]);
  });
});
