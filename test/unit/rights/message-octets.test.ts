import { readdirSync, readlinkSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { MessageOctets } from "../../../src/rights/message-octets.ts";

function whole(octets: MessageOctets): string {
  return [...octets.chunks()].map((each) => each.toString("latin1")).join("");
}

/** Files without a name that this process has open. */
function nameless(): number {
  const links = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return links.filter((link) => link.includes(".rulemail-") && link.endsWith("(deleted)")).length;
}

test("few octets stay in memory, many lie in a file without a name; both can be read again", () => {
  for (const limit of [10, 1_000_000]) {
    const octets = new MessageOctets(limit);
    expect([octets.size, whole(octets)]).toEqual([0, ""]);
    const parts = Array.from({ length: 50 }, (_, at) => `${at} ${"x".repeat(at * 100)}\n`);
    for (const each of parts) octets.push(Buffer.from(each));
    expect(octets.size).toBe(parts.join("").length);
    expect(whole(octets)).toBe(parts.join(""));
    expect(whole(octets)).toBe(parts.join(""));
    expect(nameless()).toBe(limit === 10 ? 1 : 0);
    octets.close();
    expect(nameless()).toBe(0);
  }
});

test("what is read ahead stays what it was", () => {
  const octets = new MessageOctets(10);
  octets.push(Buffer.alloc(600_000, "a"));
  octets.push(Buffer.alloc(600_000, "b"));
  const chunks = [...octets.chunks()];
  expect(chunks.length).toBeGreaterThan(2);
  expect(Buffer.concat(chunks).toString()).toBe("a".repeat(600_000) + "b".repeat(600_000));
  octets.close();
});

test("many messages at a time do not fill the memory", () => {
  const all = Array.from({ length: 12 }, () => new MessageOctets());
  for (const each of all) each.push(Buffer.alloc(900_000));
  expect(nameless()).toBe(8);
  for (const each of all) each.close();
  const next = new MessageOctets();
  next.push(Buffer.alloc(900_000));
  expect(nameless()).toBe(0);
  next.close();
});
