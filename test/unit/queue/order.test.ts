import { describe, expect, test } from "@jest/globals";
import type { QueueEntry } from "../../../src/queue/queue.ts";
import { initialPriority, type SortOrder, sortEntries, standardFactors } from "../../../src/queue/order.ts";
import { envelope, recipient } from "../../support/queue-samples.ts";

function entry(id: string, priority: number, host: string, arrived: number, lastTry?: number): QueueEntry {
  const recipients = [recipient(`x@${host}`, { resolved: { mailer: "esmtp", host, user: "x" } })];
  return {
    id,
    envelope: envelope(id, { recipients, arrived }),
    group: "mqueue",
    priority,
    attempts: 0,
    nextTry: 0,
    ...(lastTry === undefined ? {} : { lastTry }),
  };
}

test("initialPriority() adds size and recipients, takes off the class", () => {
  const headers = [{ name: "Subject", value: " x" }];
  const message = envelope("a", {
    headers,
    bodySize: 100,
    messageClass: 2,
    recipients: [recipient("a"), recipient("b")],
  });
  expect(initialPriority(message, standardFactors)).toBe(12 + 100 - 3600 + 60_000);
});

describe("sortEntries()", () => {
  const entries = [entry("b", 5, "z.test", 30, 31), entry("a", 9, "a.test", 10, 90), entry("c", 1, "z.test", 20)];
  const sorted = (order: SortOrder): string =>
    sortEntries(entries, order, () => 0.5)
      .map(({ id }) => id)
      .join("");

  test.each([
    ["priority", "cba"],
    ["host", "acb"],
    ["filename", "abc"],
    ["time", "acb"],
    ["modification", "cba"],
    ["none", "bac"],
    ["random", "bac"],
  ] as const)("%s", (order, wanted) => {
    expect(sorted(order)).toBe(wanted);
  });
});
