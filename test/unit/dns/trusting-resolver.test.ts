/** Whose AD bit is believed: servers on this machine, those that resolv.conf or ResolverOptions trusts, and no others. */
import { describe, expect, test } from "@jest/globals";
import type { DnsAnswer, Resolver } from "../../../src/dns/resolver.ts";
import { trustingResolver, trustsAd } from "../../../src/dns/trusting-resolver.ts";
import { parseResolvConf } from "../../../src/sys/machine.ts";

const FOUND = { kind: "found", records: [], canonicalName: "b.test", secure: false } as const;

function resolver(answer: DnsAnswer): Resolver {
  return { query: () => answer };
}

describe("trustingResolver()", () => {
  test("believes what a server claims, and gives the same answer for the same one", () => {
    const trusting = trustingResolver(resolver({ ...FOUND, claimsSecure: true }));
    const first = trusting.query("b.test", "A");
    expect(first).toEqual({ ...FOUND, secure: true });
    expect(trusting.query("b.test", "A")).toBe(first);
  });

  test("adds nothing to what nobody claims", async () => {
    expect(trustingResolver(resolver(FOUND)).query("b.test", "A")).toBe(FOUND);
    const later = { query: () => Promise.resolve<DnsAnswer>({ kind: "nxdomain" }) };
    expect(await trustingResolver(later).query("b.test", "A")).toEqual({ kind: "nxdomain" });
  });
});

test("trustsAd(): the last word counts", () => {
  const values = [
    "",
    "+trustad",
    "trustad",
    "+AAOnly +TrustAD",
    "-trustad",
    "+trustad -trustad",
    "-trustad trustad",
    "distrustad",
  ];
  expect(values.map(trustsAd)).toEqual([false, true, true, true, false, false, true, false]);
});

test("resolv.conf: options trust-ad", () => {
  expect(parseResolvConf("nameserver 192.0.2.1\noptions edns0 trust-ad", "a.test").trustAd).toBe(true);
  expect(parseResolvConf("nameserver 192.0.2.1\noptions no-trust-ad", "a.test")).not.toHaveProperty("trustAd");
});
