/** How filters change a header: places and counts as a genuine sendmail 8.17 has them (insertions, changes, deletions). */
import { describe, expect, test } from "@jest/globals";
import type { HeaderField } from "../../../src/mail/header.ts";
import { HeaderList } from "../../../src/reception/header-list.ts";

const field = (line: string): HeaderField => {
  const colon = line.indexOf(":");
  return { name: line.slice(0, colon), value: line.slice(colon + 1) };
};

/** Of the usual configuration files. */
const DEFAULTS = ["Resent-Date", "Date", "Resent-From", "From", "Full-Name", "Resent-Message-Id", "Message-Id"];

/** A header with these fields of its own; Date, From and Message-Id are supplied where they are missing. */
function listOf(...own: readonly string[]): HeaderList {
  const kept = own.map(field);
  const defaults = DEFAULTS.map((name) => {
    const isThere = kept.some((each) => each.name === name);
    return isThere || !["Date", "From", "Message-Id"].includes(name) ? undefined : field(`${name}: ours`);
  });
  return new HeaderList({ trace: [field("Received: ours")], defaults, kept }, DEFAULTS);
}

const told = (fields: readonly HeaderField[]): string[] => fields.map(({ name, value }) => `${name}:${value}`);
const COMPLETE = ["Date: d", "From: f", "Message-Id: m"];

describe("a header that filters change", () => {
  test("filters are shown neither the trace field of this hop nor what is supplied", () => {
    const list = listOf("Received: r1", "Subject: s");
    expect(told(list.shown)).toEqual(["Received: r1", "Subject: s"]);
    expect(told(list.all).slice(0, 2)).toEqual(["Received: ours", "Date: ours"]);
  });

  test("a field is inserted by its place among all, those that are not there included", () => {
    for (const [index, before] of [
      [0, "Received: ours"],
      [1, "Received: r1"],
      [8, "Received: r1"],
      [9, "Date: d"],
      [12, "X: x"],
    ] as const) {
      const list = listOf("Received: r1", ...COMPLETE, "X: x");
      list.insert(index, "X-New", " n");
      const all = told(list.all);
      expect([index, all[all.indexOf("X-New: n") + 1]]).toEqual([index, before]);
    }
    const list = listOf("X: x");
    list.insert(99, "X-New", " n");
    expect(told(list.all).at(-1)).toBe("X-New: n");
  });

  test("a field is added in front of its first namesake, else at the end, or in place of one that is supplied", () => {
    const list = listOf("Received: r1", "X-D: 1", "x-d: 2", "X: x");
    for (const line of ["X-D: 0", "X-New: n", "Received: r2", "From: f"]) {
      const { name, value } = field(line);
      list.add(name, value);
    }
    expect(told(list.all)).toEqual([
      "Received: r2",
      "Received: ours",
      "Date: ours",
      "From: f",
      "Message-Id: ours",
      "Received: r1",
      "X-D: 0",
      "X-D: 1",
      "x-d: 2",
      "X: x",
      "X-New: n",
    ]);
    expect(told(list.shown)).toContain("From: f");
  });

  test("a change counts fields of one name; what is deleted keeps its place and its number", () => {
    const list = listOf(...COMPLETE, "X-D: 1", "x-d: 2", "X-D: 3");
    expect(list.change(2, "X-D", undefined)).toEqual({ kind: "deleted", before: " 2", wasDefault: false });
    expect(told(list.shown).slice(3)).toEqual(["X-D: 1", "X-D: 3"]);
    expect(list.change(2, "x-d", " b")).toEqual({ kind: "changed", before: undefined, wasDefault: false });
    expect(list.change(3, "X-D", " c").kind).toBe("changed");
    expect(list.change(0, "X-D", " a").kind).toBe("changed");
    expect(told(list.shown).slice(3)).toEqual(["X-D: a", "x-d: b", "X-D: c"]);
    expect(list.change(9, "X-D", " new")).toEqual({ kind: "added" });
    expect(list.change(1, "Gone", undefined)).toEqual({ kind: "nothing" });
    expect(told(list.shown)[3]).toBe("X-D: new");
  });

  test("our own Received is not counted; what is supplied can be changed and deleted", () => {
    const list = listOf("Received: r1");
    list.change(1, "Received", " changed");
    list.change(1, "Date", " now");
    list.change(1, "Message-Id", undefined);
    expect(told(list.all)).toEqual(["Received: ours", "Date: now", "From: ours", "Received: changed"]);
    expect(told(list.shown)).toEqual(["Date: now", "Received: changed"]);
  });
});
