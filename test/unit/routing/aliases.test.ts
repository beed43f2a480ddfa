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
