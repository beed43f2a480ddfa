import { expect, test } from "@jest/globals";
import { type AliasSource, createAliases } from "../../../src/routing/aliases.ts";

function source(entries: Record<string, string>, later = false): AliasSource {
  const answer = (key: string) =>
    key in entries ? ({ kind: "found", value: entries[key] } as const) : ({ kind: "missing" } as const);
  return { name: "test", lookup: (key) => (later ? Promise.resolve(answer(key)) : answer(key)) };
}

test("lookup() asks the databases in their order, folding the key", async () => {
  const aliases = createAliases([source({ joe: "one" }, true), source({ joe: "two", ann: "three" })]);
  expect(await aliases.lookup("JOE")).toEqual({ kind: "found", value: "one" });
  expect(await aliases.lookup("ann")).toEqual({ kind: "found", value: "three" });
  expect(await aliases.lookup("bob")).toEqual({ kind: "missing" });
});

test("lookup() asks for the whole name only: ruleset 5 knows about user+*", () => {
  const aliases = createAliases([source({ "joe+work": "exact", "joe+*": "any" })]);
  expect(aliases.lookup("joe+work")).toEqual({ kind: "found", value: "exact" });
  expect(aliases.lookup("joe+play")).toEqual({ kind: "missing" });
});

test("lookup() finds names whose octets are UTF-8, and names in quotes", () => {
  const aliases = createAliases([source({ "j\xc3\xbcrg": "one", '"john doe"': "two", q: "three" })]);
  expect(aliases.lookup("J\xc3\xbcrg")).toEqual({ kind: "found", value: "one" });
  expect(aliases.lookup('"John Doe"')).toEqual({ kind: "found", value: "two" });
  expect(aliases.lookup('"q"')).toEqual({ kind: "found", value: "three" });
});

test("lookup() lets a temporary failure stand: a later database must not answer for an earlier one", async () => {
  const failing: AliasSource = { name: "x", lookup: () => Promise.resolve({ kind: "tempfail", reason: "down" }) };
  expect(await createAliases([failing, source({ joe: "two" })]).lookup("joe")).toEqual({
    kind: "tempfail",
    reason: "down",
  });
});

test("ownerOf() is the one address behind owner-LIST, or owner-LIST itself", async () => {
  const aliases = createAliases([source({ "owner-a": "boss@x.test", "owner-b": "boss, chief", a: "m", b: "m" })]);
  expect(await aliases.ownerOf("a")).toBe("boss@x.test");
  expect(await aliases.ownerOf("B")).toBe("owner-B");
  expect(await aliases.ownerOf("c")).toBeUndefined();
  expect(await aliases.ownerOf("owner-a")).toBeUndefined();
});

// What a genuine sendmail 8.17 said in MAIL for these.
test.each([
  ["list", "list-request"],
  ["LIST", "list-request"],
  ["list-request", "orq@c.test"],
  ["List-Request", "orq@c.test"],
  ["other-request", undefined],
  ["owner-list", "oo@c.test"],
  ["OWNER-list", "oo@c.test"],
  ["owner-list-request", "oo@c.test"],
  ["owner-owner", "oo@c.test"],
])("who answers for %s", async (name, owner) => {
  const entries = {
    list: "m1@c.test, m2@c.test",
    "owner-list": "list-request",
    "list-request": "boss@c.test",
    "owner-list-request": "orq@c.test",
    "other-request": "m1@c.test",
    "owner-owner": "oo@c.test",
  };
  expect(await createAliases([source(entries)]).ownerOf(name)).toBe(owner);
  expect(await createAliases([source({}), source(entries, true)]).ownerOf(name)).toBe(owner);
});

test("owners of several, without one of their own, have none", async () => {
  const aliases = createAliases([source({ "owner-a": "boss, chief", "a-request": "boss", "owner-a-request": "" })]);
  expect(await aliases.ownerOf("owner-a")).toBeUndefined();
});
