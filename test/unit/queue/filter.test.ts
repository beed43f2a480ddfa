import { expect, test } from "@jest/globals";
import { matches, type QueueFilter, recipientMatcherOf } from "../../../src/queue/filter.ts";
import { deferred, envelope, recipient } from "../../support/queue-samples.ts";

const entry = {
  id: "5AKJRqnn019925",
  envelope: envelope("5AKJRqnn019925", {
    sender: "Anna@a.test",
    arrived: 1_000,
    recipients: [
      recipient("bob@b.test", { state: "deferred", status: deferred }),
      recipient("Carl@c.test", { resolved: { mailer: "local", host: "", user: "carl" } }),
      recipient("gone@d.test", {
        state: "delivered",
        resolved: { mailer: "esmtp", host: "d.test.", user: "gone@d.test" },
      }),
    ],
  }),
  group: "mqueue",
};
const held = { ...entry, envelope: { ...entry.envelope, sender: "" }, hold: "Looks odd" };

/** What genuine sendmail shows with the same -q options. */
const cases: readonly (readonly [QueueFilter, entry: boolean, held: boolean])[] = [
  [{}, true, true],
  [{ ids: ["x", "5AKJRqnn019925"] }, true, true],
  [{ ids: ["5AKJRqnn01992"] }, false, false],
  [{ ids: [] }, false, false],
  [{ id: [{ text: "KJRq" }] }, true, true],
  [{ id: [{ text: "kjrq" }] }, false, false],
  [{ id: [{ text: "" }] }, true, true],
  [{ recipient: [{ text: "BOB" }] }, true, true],
  [{ recipient: [{ text: "gone" }] }, false, false],
  [{ recipient: [{ text: "gone" }, { text: "carl" }] }, true, true],
  [{ recipient: [{ text: "bob", not: true }] }, true, true],
  [{ recipient: [{ text: ".test", not: true }] }, false, false],
  [{ recipient: [{ text: ".test", not: true }, { text: "bob" }] }, true, true],
  [{ recipient: [] }, true, true],
  [{ sender: [{ text: "<anna@" }] }, true, false],
  [{ sender: [{ text: "<>" }] }, false, true],
  [{ sender: [{ text: "anna", not: true }] }, false, true],
  [{ sender: [{ text: "anna" }], recipient: [{ text: "nobody" }] }, false, false],
  [{ reason: [{ text: "Looks" }] }, false, true],
  [{ reason: [{ text: "looks" }] }, false, false],
  [{ reason: [{ text: "looks", not: true }] }, false, true],
  [{ status: [{ text: "connection REFUSED" }] }, true, true],
  [{ status: [{ text: "deferred", not: true }] }, true, true],
  [{ status: [{ text: "User unknown" }] }, false, false],
  [{ recipient: [{ text: "Bob@b.test", whole: true }] }, true, true],
  [{ recipient: [{ text: "bob@b", whole: true }] }, false, false],
  [{ recipient: [{ text: "bob@b.test", whole: true, not: true }] }, true, true],
  [{ sender: [{ text: "<anna@a.test>", whole: true }] }, true, false],
  [{ host: [{ text: "B.Test" }] }, true, true],
  [{ host: [{ text: "test" }] }, true, true],
  [{ host: [{ text: "est" }] }, false, false],
  [{ host: [{ text: "b.test.", not: true }] }, true, true],
  [{ host: [{ text: "test", not: true }] }, false, false],
  [{ host: [{ text: "c.test" }] }, true, true],
  [{ host: [{ text: "d.test" }] }, false, false],
  [{ group: "mqueue" }, true, true],
  [{ group: "mq" }, false, false],
  [{ held: true }, false, true],
  [{ held: false }, true, false],
  [{ arrivedBefore: 1_000 }, false, false],
  [{ arrivedBefore: 1_001, arrivedAfter: 1_000 }, true, true],
  [{ arrivedAfter: 1_001 }, false, false],
];

test.each(cases)("%j", (filter, matched, matchedHeld) => {
  expect([matches(entry, filter), matches(held, filter)]).toEqual([matched, matchedHeld]);
});

function named(filter: QueueFilter): string[] {
  return entry.envelope.recipients.filter(recipientMatcherOf(filter)).map(({ given }) => given);
}

test("a host that is an address is found with its brackets and without", () => {
  const literal = recipient("x@[192.0.2.9]", { resolved: { mailer: "esmtp", host: "[192.0.2.9]", user: "x" } });
  const there = { ...entry, envelope: { ...entry.envelope, recipients: [literal] } };
  for (const text of ["[192.0.2.9]", "192.0.2.9"]) expect(matches(there, { host: [{ text }] })).toBe(true);
  expect(matches(there, { host: [{ text: "0.2.9" }] })).toBe(false);
});

test("recipientMatcherOf() finds those for whom all conditions about recipients hold, and who are still open", () => {
  expect(named({ sender: [{ text: "nobody" }] })).toEqual(["bob@b.test", "Carl@c.test"]);
  expect(named({ host: [{ text: "b.test" }], status: [{ text: "refused" }] })).toEqual(["bob@b.test"]);
  expect(named({ host: [{ text: "c.test" }], status: [{ text: "refused" }] })).toEqual([]);
  expect(named({ recipient: [{ text: "gone" }] })).toEqual([]);
});
