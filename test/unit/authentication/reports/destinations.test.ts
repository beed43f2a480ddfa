/** Who gets reports: addresses, sizes, and whether somebody elsewhere agrees to it. */
import { expect, test } from "@jest/globals";
import { dmarcDestinations, readMailto, tlsDestinations } from "../../../../src/authentication/reports/destinations.ts";
import type { Resolver } from "../../../../src/dns/resolver.ts";

function resolver(zone: Readonly<Record<string, readonly string[] | "down">>): Resolver {
  return {
    query(name, type) {
      const texts = zone[name];
      if (texts === "down") return { kind: "tempfail", reason: "no answer" };
      if (texts === undefined) return { kind: "nxdomain" };
      const records = texts.map((data) => ({ name, type, ttl: 1, data }));
      return { kind: "found", canonicalName: name, secure: false, records };
    },
  };
}

test.each([
  ["mailto:r@example.com", { address: "r@example.com" }],
  ["MAILTO:r+d@example.com!10m", { address: "r+d@example.com", most: 10 * 1024 * 1024 }],
  ["mailto:r@example.com!500", { address: "r@example.com", most: 500 }],
  ["mailto:a%21b@example.com!1k", { address: "a!b@example.com", most: 1024 }],
  ["mailto:r@example.com?subject=x", undefined],
  ["mailto:a%0d%0aBcc:x@example.com", undefined],
  ["mailto:%@example.com", undefined],
  ["mailto:r", undefined],
  ["mailto:r@example.com!10x", undefined],
  ["https://example.com/", undefined],
])("%s", (uri, destination) => {
  expect(readMailto(uri)).toEqual(destination);
});

test("DMARC: the organization itself needs no agreement, others do", async () => {
  const uris = [
    "mailto:a@news.example.com",
    "mailto:b@agrees.test!1m",
    "mailto:c@silent.test",
    "mailto:d@other.test",
    "ftp:x",
  ];
  const zone = resolver({
    "example.com._report._dmarc.agrees.test": ["v=DMARC1"],
    "example.com._report._dmarc.other.test": ["unrelated", "v=DMARC1; rua=mailto:e@other.test"],
  });
  expect(await dmarcDestinations("example.com", uris, zone)).toEqual({
    kind: "found",
    to: [{ address: "a@news.example.com" }, { address: "b@agrees.test", most: 2 ** 20 }, { address: "e@other.test" }],
    refused: ["c@silent.test: silent.test does not agree to reports for example.com", "ftp:x: only mailto: is served"],
  });
});

test("DMARC: whoever agrees cannot have reports sent to a third", async () => {
  const zone = resolver({ "example.com._report._dmarc.other.test": ["v=DMARC1; rua=mailto:e@third.test"] });
  const found = await dmarcDestinations("example.com", ["mailto:d@other.test"], zone);
  expect(found).toMatchObject({ to: [{ address: "d@other.test" }] });
});

test("DMARC: five addresses at most; without an answer nothing is sent yet", async () => {
  const many = Array.from({ length: 20 }, (_, i) => `mailto:r${i}@example.com`);
  expect(await dmarcDestinations("example.com", many, resolver({}))).toMatchObject({ to: { length: 5 } });
  const down = resolver({ "example.com._report._dmarc.other.test": "down" });
  expect(await dmarcDestinations("example.com", ["mailto:d@other.test"], down)).toEqual({
    kind: "tempfail",
    reason: "example.com._report._dmarc.other.test: no answer",
  });
});

test("TLS: what the one record says", async () => {
  const of = (...texts: string[]) => tlsDestinations("example.com", resolver({ "_smtp._tls.example.com": texts }));
  expect(await of("v=TLSRPTv1; rua=mailto:t@other.test, https://example.com/x")).toEqual({
    kind: "found",
    to: [{ address: "t@other.test" }],
    refused: ["https://example.com/x: only mailto: is served"],
  });
  expect(await of("v=TLSRPTv1;rua=mailto:t@a.test;x=y", "other")).toMatchObject({ to: [{ address: "t@a.test" }] });
  expect(await of("v=TLSRPTv1; rua=mailto:t@a.test", "v=TLSRPTv1; rua=mailto:t@b.test")).toMatchObject({ to: [] });
  expect(await of()).toMatchObject({ to: [] });
  expect(await tlsDestinations("none.test", resolver({}))).toMatchObject({ to: [] });
  expect(await tlsDestinations("x.test", resolver({ "_smtp._tls.x.test": "down" }))).toMatchObject({
    kind: "tempfail",
  });
});
