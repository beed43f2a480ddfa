import { describe, expect, test } from "@jest/globals";
import { evaluateDmarc } from "../../../../src/authentication/dmarc/evaluate.ts";
import type { DkimResult } from "../../../../src/authentication/dkim/verify.ts";
import type { DmarcResult } from "../../../../src/authentication/dmarc/result.ts";
import type { SpfResult } from "../../../../src/authentication/spf/result.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { type TypedZone, type ZoneResolver, zoneResolver } from "../../../support/zone-resolver.ts";

interface Proved {
  /** Several fields: with "|" between them; null: none. */
  readonly from?: string | null;
  /** Of MAIL. */
  readonly sender?: string;
  /** Domain for which SPF has passed. */
  readonly spf?: string;
  /** Domains of signatures that hold. */
  readonly dkim?: readonly string[];
  readonly dkimResult?: DkimResult["result"];
  readonly random?: number;
}

function evaluate(zone: TypedZone | ZoneResolver, proved: Proved, clock = new ManualClock()): Promise<DmarcResult> {
  const { from = "joe@example.com", sender = "", spf, dkim = [], dkimResult = "pass", random = 0 } = proved;
  const resolver = "query" in zone ? zone : zoneResolver(zone);
  const passed: SpfResult = { result: spf === undefined ? "fail" : "pass", identity: "mailfrom", domain: spf ?? "" };
  return evaluateDmarc(
    {
      fields: (from?.split("|") ?? []).map((value) => ({ name: "From", value: ` ${value}` })),
      sender,
      spf: passed,
      dkim: dkim.map((domain) => ({
        result: dkimResult,
        domain,
        selector: "s",
        algorithm: "rsa-sha256",
        testing: false,
        signature: "x",
      })),
    },
    { resolver, clock, timeLimit: 20_000, random: () => random, hostName: "mail.example.org" },
  );
}

describe("alignment", () => {
  test.each<[string, TypedZone, Proved, DmarcResult["result"]]>([
    ["SPF of the author", { "TXT _dmarc.example.com": "v=DMARC1; p=reject" }, { spf: "example.com" }, "pass"],
    ["DKIM of the author", { "TXT _dmarc.example.com": "v=DMARC1; p=reject" }, { dkim: ["example.com"] }, "pass"],
    ["a name below", { "TXT _dmarc.example.com": "v=DMARC1; p=reject" }, { spf: "bounce.example.com" }, "pass"],
    [
      "a name above",
      { "TXT _dmarc.example.com": "v=DMARC1; p=reject" },
      { from: "joe@news.example.com", dkim: ["example.com"] },
      "pass",
    ],
    ["somebody else", { "TXT _dmarc.example.com": "v=DMARC1; p=reject" }, { spf: "example.org" }, "fail"],
    ["somebody under the same suffix", { "TXT _dmarc.example.com": "v=DMARC1; p=reject" }, { spf: "evil.com" }, "fail"],
    ["nothing", { "TXT _dmarc.example.com": "v=DMARC1; p=none" }, {}, "fail"],
    ["strict SPF", { "TXT _dmarc.example.com": "v=DMARC1; p=reject; aspf=s" }, { spf: "b.example.com" }, "fail"],
    ["strict DKIM", { "TXT _dmarc.example.com": "v=DMARC1; p=reject; adkim=s" }, { dkim: ["b.example.com"] }, "fail"],
    ["no record", {}, { spf: "example.com" }, "none"],
    ["two records", { "TXT _dmarc.example.com": ["v=DMARC1; p=reject", "v=DMARC1; p=none"] }, {}, "none"],
    ["another version", { "TXT _dmarc.example.com": "v=DMARC2; p=reject" }, {}, "none"],
    ["no answer", { "TXT _dmarc.example.com": "later" }, { spf: "example.com" }, "temperror"],
    [
      "a signature that could not be checked yet",
      { "TXT _dmarc.example.com": "v=DMARC1; p=reject" },
      { dkim: ["example.com"], dkimResult: "temperror" },
      "temperror",
    ],
    [
      "another one's signature that could not be checked yet",
      { "TXT _dmarc.example.com": "v=DMARC1; p=reject" },
      { dkim: ["example.org"], dkimResult: "temperror" },
      "fail",
    ],
    // The list knows that these are of one organization, though the walk does not come so far.
    [
      "a record below the organization",
      { "TXT _dmarc.news.example.com": "v=DMARC1; p=reject" },
      { from: "joe@news.example.com", dkim: ["example.com"] },
      "pass",
    ],
    [
      "psd=n: an organization of its own",
      { "TXT _dmarc.news.example.com": "v=DMARC1; p=reject; psd=n" },
      { from: "joe@news.example.com", dkim: ["example.com"] },
      "fail",
    ],
    [
      "psd=y above: customers are strangers to each other",
      { "TXT _dmarc.host.example.com": "v=DMARC1; p=reject; psd=y" },
      { from: "joe@a.host.example.com", dkim: ["b.host.example.com"] },
      "fail",
    ],
    [
      "a registry with a record is nobody's organization",
      { "TXT _dmarc.co.uk": "v=DMARC1; p=reject" },
      { from: "joe@a.co.uk", dkim: ["b.co.uk"] },
      "fail",
    ],
  ])("%s", async (_name, zone, proved, result) => {
    expect((await evaluate(zone, proved)).result).toBe(result);
  });

  test("without a record the list tells whose signature it is, and nobody is asked for it", async () => {
    const resolver = zoneResolver({});
    expect(await evaluate(resolver, { dkim: ["example.org", "mail.example.com"] })).toMatchObject({
      result: "none",
      dkimAligned: "mail.example.com",
    });
    expect(resolver.asked).toEqual(["TXT _dmarc.example.com", "TXT _dmarc.com"]);
  });
});

describe("what the domain wants", () => {
  test.each<[string, string, Proved, Partial<DmarcResult>]>([
    ["p", "v=DMARC1; p=reject; sp=none", {}, { policy: "reject", policyTag: "p" }],
    ["sp", "v=DMARC1; p=reject; sp=quarantine", { from: "a@b.example.com" }, { policy: "quarantine", policyTag: "sp" }],
    ["no sp", "v=DMARC1; p=reject", { from: "a@b.example.com" }, { policy: "reject", policyTag: "sp" }],
    ["np", "v=DMARC1; p=none; np=reject", { from: "a@gone.example.com" }, { policy: "reject", policyTag: "np" }],
    ["t", "v=DMARC1; p=reject; t=y", {}, { policy: "quarantine" }],
    ["pct, one of them", "v=DMARC1; p=reject; pct=50", { random: 0.49 }, { policy: "reject", isSampledOut: false }],
    ["pct, none of them", "v=DMARC1; p=reject; pct=50", { random: 0.5 }, { policy: "quarantine", isSampledOut: true }],
    ["reports alone", "v=DMARC1; rua=mailto:a@example.com", {}, { policy: "none", result: "fail" }],
    ["odd blanks and letters", "v = DMARC1 ;P=Reject;;x;", {}, { policy: "reject" }],
    ["no policy", "v=DMARC1; p=maybe", {}, { result: "none" }],
  ])("%s", async (_name, record, proved, wanted) => {
    const zone: TypedZone = { "TXT _dmarc.example.com": record, "A b.example.com": "192.0.2.1" };
    expect(await evaluate(zone, proved)).toMatchObject(wanted);
  });

  test("the walk asks eight names at most, and remembers what a record says", async () => {
    const resolver = zoneResolver({ "TXT _dmarc.example.com": "v=DMARC1; p=reject" });
    const from = "joe@a.b.c.d.e.f.g.h.i.example.com";
    expect(await evaluate(resolver, { from })).toMatchObject({ result: "fail", recordAt: "example.com" });
    expect(resolver.asked.filter((question) => question.startsWith("TXT"))).toEqual([
      "TXT _dmarc.a.b.c.d.e.f.g.h.i.example.com",
      "TXT _dmarc.f.g.h.i.example.com".replace("f.", "e.f."),
      "TXT _dmarc.f.g.h.i.example.com",
      "TXT _dmarc.g.h.i.example.com",
      "TXT _dmarc.h.i.example.com",
      "TXT _dmarc.i.example.com",
      "TXT _dmarc.example.com",
      "TXT _dmarc.com",
    ]);
  });

  test("name servers that never answer", async () => {
    const clock = new ManualClock();
    const found = evaluate({ "TXT _dmarc.example.com": "never" }, {}, clock);
    await new Promise(setImmediate);
    clock.advance(20_000);
    expect(await found).toMatchObject({ result: "temperror", policy: "none" });
  });
});

describe("authors", () => {
  const zone: TypedZone = {
    "TXT _dmarc.example.com": "v=DMARC1; p=quarantine",
    "TXT _dmarc.example.org": "v=DMARC1; p=reject",
    "TXT _dmarc.xn--bcher-kva.example": "v=DMARC1; p=reject",
  };
  test.each<[string, string, Partial<DmarcResult>]>([
    ["a phrase that looks like an address", '"joe@example.org" <joe@example.com>', { domain: "example.com" }],
    ["a comment", "joe@example.com (joe@example.org)", { domain: "example.com" }],
    ["a group", "All: joe@example.com;", { domain: "example.com" }],
    ["a folded field", "Joe\r\n <joe@EXAMPLE.com>", { domain: "example.com" }],
    ["two authors: the worse counts", "a@example.com, b@example.org", { domain: "example.org", policy: "reject" }],
    [
      "beyond ASCII",
      Buffer.from("a@bücher.example", "utf8").toString("latin1"),
      { domain: "xn--bcher-kva.example", result: "fail" },
    ],
    ["two fields", "a@example.com|b@example.org", { result: "permerror", reason: "2 From fields" }],
    ["no domain: one of ours", "joe", { result: "fail", domain: "mail.example.org" }],
    ["no address", "<joe@exa mple..com>", { result: "permerror" }],
    ["an empty group", "undisclosed:;", { result: "none" }],
    [
      "many domains",
      Array.from({ length: 1000 }, (_, i) => `a@d${i}.example`).join(", "),
      { result: "permerror", reason: "From has more than 5 domains" },
    ],
  ])("%s", async (_name, from, wanted) => {
    expect(await evaluate(zone, { from, spf: "example.com" })).toMatchObject(wanted);
  });
});

describe("what readers may take for the author", () => {
  const zone: TypedZone = { "TXT _dmarc.bank.test": "v=DMARC1; p=reject", "TXT _dmarc.evil.test": "v=DMARC1; p=none" };
  // Whoever has proved to be evil.test, and wants a reader to see bank.test.
  test.each([
    "<joe@bank.test> <a@evil.test>",
    "<a@evil.test> <joe@bank.test>",
    "<joe@bank.test>\r\n <a@evil.test>",
    "<joe@bank.test>a@evil.test",
    "<a@evil.test> joe@bank.test",
    "x <<joe@bank.test>a@evil.test>",
    "<joe@bank.test:a@evil.test>",
    "joe@bank.test(c)@evil.test",
    "joe@bank.test\0@evil.test",
    "joe@bank.test\0.evil.test",
    "joe@bank.test .evil.test",
    "<joe@bank.test .evil.test>",
    "a@evil.test\rjoe@bank.test",
    "a@evil.test joe@bank.test",
    "joe@bank.test \\<a@evil.test>",
    "joe@bank.test \\(<a@evil.test>\\)",
    "a@evil.test (joe <joe@bank.test>",
    '"joe <joe@bank.test>, a@evil.test',
    '"joe <a@evil.test>, joe@bank.test',
    "friends: joe@bank.test;, a@evil.test",
    "joe@bank.test:;, a@evil.test",
    "<@evil.test,@b.test:joe@bank.test>",
    "joe@[bank.test]",
    "joe@ bank.test .evil.test",
    "=?utf-8?q?joe=40bank.test?=",
    "a@evil.test, joe@bank.test",
  ])("%j does not pass for another one", async (from) => {
    const { result } = await evaluate(zone, { from, spf: "evil.test", dkim: ["evil.test"] });
    expect(["fail", "permerror"]).toContain(result);
  });

  test.each([
    "joe@bank.test",
    "joe@bank.test.",
    "joe @ bank . test",
    "Joe <joe@bank.test>",
    '"Joe (Sales" <joe@bank.test>',
    "Joe (Sales <joe@bank.test>",
    'Joe "The <joe@bank.test>',
    "a@evil.test <joe@bank.test>",
    "a@evil.test via Bank <joe@bank.test>",
    '"a@evil.test" <joe@bank.test>',
    String.raw`"a \"<a@evil.test>\"" <joe@bank.test>`,
    '"a@evil.test"@bank.test',
    "<@a.test,@b.test:joe@bank.test>",
    "(a@evil.test) joe@bank.test (Joe)",
    "friends: joe@bank.test, joe@sub.bank.test;",
    "Joe [Bank] <joe@bank.test>",
    "Joe <joe@bank.test>;",
  ])("%j is this author", async (from) => {
    expect(await evaluate(zone, { from, spf: "bank.test" })).toMatchObject({ result: "pass" });
  });

  test.each([
    [{ from: null, sender: "joe@bank.test" }, "fail"],
    [{ from: "", sender: "joe@bank.test" }, "fail"],
    [{ from: null, sender: "joe@bank.test", spf: "bank.test" }, "pass"],
    [{ from: null, sender: "" }, "none"],
  ] as const)("without From it is the sender of whom one is made: %j %s", async (proved, result) => {
    expect(await evaluate(zone, proved)).toMatchObject({ result });
  });
});
