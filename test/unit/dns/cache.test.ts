import { expect, test } from "@jest/globals";
import { AnswerCache } from "../../../src/dns/cache.ts";
import type { DnsAnswer } from "../../../src/dns/resolver.ts";
import { ManualClock } from "../../support/manual-clock.ts";

function answer(data: string): DnsAnswer {
  return {
    kind: "found",
    records: [{ name: "a.test", type: "A", ttl: 60, data }],
    canonicalName: "a.test",
    secure: false,
  };
}

test("an answer is kept for its time, by name and type", () => {
  const clock = new ManualClock();
  const cache = new AnswerCache(clock);
  cache.put("a.test", "A", answer("192.0.2.1"), 60);
  cache.put("a.test", "MX", { kind: "nodata", canonicalName: "a.test" }, 30);
  expect(cache.get("a.test", "A")).toEqual(answer("192.0.2.1"));
  expect(cache.get("a.test", "MX")).toMatchObject({ kind: "nodata" });
  expect(cache.get("a.test", "AAAA")).toBeUndefined();
  expect(cache.get("b.test", "A")).toBeUndefined();
  clock.advance(30_000);
  expect([cache.get("a.test", "A") !== undefined, cache.get("a.test", "MX"), cache.size]).toEqual([true, undefined, 1]);
  clock.advance(30_000);
  expect([cache.get("a.test", "A"), cache.size]).toEqual([undefined, 0]);
});

test("a newer answer takes the place of an older one; failures and answers for no time are not kept", () => {
  const cache = new AnswerCache(new ManualClock());
  cache.put("a.test", "A", answer("192.0.2.1"), 60);
  cache.put("a.test", "A", answer("192.0.2.2"), 60);
  cache.put("b.test", "A", { kind: "tempfail", reason: "down" }, 60);
  cache.put("c.test", "A", answer("192.0.2.3"), 0);
  expect([cache.get("a.test", "A"), cache.size]).toEqual([answer("192.0.2.2"), 1]);
  cache.clear();
  expect([cache.get("a.test", "A"), cache.size]).toEqual([undefined, 0]);
});

test("it is bounded: of the type with most answers the one that has been there longest goes", () => {
  const cache = new AnswerCache(new ManualClock(), 10);
  cache.put("a.test", "MX", answer("x"), 60);
  for (let number = 0; number < 30; number++) cache.put(`n${number}.test`, "A", answer("x"), 60);
  expect(cache.size).toBe(10);
  const kept = Array.from({ length: 30 }, (_, number) => cache.get(`n${number}.test`, "A") !== undefined);
  expect(kept).toEqual([...Array<boolean>(21).fill(false), ...Array<boolean>(9).fill(true)]);
  expect(cache.get("a.test", "MX")).toBeDefined();
});
