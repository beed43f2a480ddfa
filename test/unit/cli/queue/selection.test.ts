import { describe, expect, test } from "@jest/globals";
import { filterOf, hasConditions, SelectionError } from "../../../../src/cli/queue/selection.ts";
import type { QueueFilter } from "../../../../src/queue/filter.ts";

const hour = 3_600_000;
const NOW = 1_000 * hour;

const cases: readonly (readonly [Readonly<Record<string, unknown>>, QueueFilter])[] = [
  [{}, {}],
  [{ recipient: ["bob@b.test"] }, { recipient: [{ text: "bob@b.test", whole: true }] }],
  [{ recipient: ["<bob@b.test>"] }, { recipient: [{ text: "bob@b.test", whole: true }] }],
  [{ recipient: ["bob@", "@b.test", "bob"] }, { recipient: [{ text: "bob@" }, { text: "@b.test" }, { text: "bob" }] }],
  [{ recipient: ["!bob@b.test"] }, { recipient: [{ text: "bob@b.test", whole: true, not: true }] }],
  [{ sender: ["anna@a.test"] }, { sender: [{ text: "<anna@a.test>", whole: true }] }],
  [{ sender: ["<>", "anna"] }, { sender: [{ text: "<>", whole: true }, { text: "anna" }] }],
  [{ sender: ["!<>"] }, { sender: [{ text: "<>", whole: true, not: true }] }],
  [{ host: ["far.test", "!near.test"] }, { host: [{ text: "far.test" }, { text: "near.test", not: true }] }],
  [
    { status: ["x@y.z"], reason: ["odd"] },
    { status: [{ text: "x@y.z" }], reason: [{ text: "odd" }] },
  ],
  [{ status: ["b\u00fcro"] }, { status: [{ text: "b\xc3\xbcro" }] }],
  [{ older: "2h" }, { arrivedBefore: NOW - 2 * hour }],
  [{ newer: "1d12h" }, { arrivedAfter: NOW - 36 * hour }],
  [
    { older: "90s", newer: "1w" },
    { arrivedBefore: NOW - 90_000, arrivedAfter: NOW - 168 * hour },
  ],
  [
    { group: "slow", held: false },
    { group: "slow", held: false },
  ],
];

describe("filterOf()", () => {
  test.each(cases)("%j", (given, filter) => {
    expect(filterOf([], given, NOW)).toEqual(filter);
    expect(filterOf(["5AKJ"], given, NOW)).toEqual({ ...filter, ids: ["5AKJ"] });
    expect(hasConditions(filterOf(["5AKJ"], given, NOW))).toBe(Object.keys(filter).length > 0);
  });

  test.each([
    [{ older: "2" }, '--older takes a time such as 90s, 30m, 2h, 5d or 1w, not "2"'],
    [{ newer: "h" }, "--newer takes a time"],
    [{ older: "-2h" }, "--older takes a time"],
    [{ sender: [""] }, "--sender needs a text"],
    [{ host: ["!"] }, "--host needs a text"],
  ])("refuses %j", (given, why) => {
    expect(() => filterOf([], given, NOW)).toThrow(SelectionError);
    expect(() => filterOf([], given, NOW)).toThrow(why);
  });
});
