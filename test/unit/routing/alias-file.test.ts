import { expect, test } from "@jest/globals";
import { readAliasText } from "../../../src/routing/alias-file.ts";

test("readAliasText() joins continued lines and skips comments and empty lines", () => {
  const text =
    '# head\n\nPostmaster: root\nstaff: ann,\n\tbob,\n  "|/bin/archive a:b"\n# between\n"odd name": x\nlong: a, \\\nb\n';
  const { entries, diagnostics, longest } = readAliasText(text, "aliases");
  expect(diagnostics).toEqual([]);
  expect(entries).toEqual([
    { name: "postmaster", value: "root", line: 3 },
    { name: "staff", value: 'ann, bob, "|/bin/archive a:b"', line: 4 },
    { name: "odd name", value: "x", line: 8 },
    { name: "long", value: "a,  b", line: 9 },
  ]);
  expect(longest).toBe(29);
});

test("readAliasText() says what is wrong and where, and reads on", () => {
  const { entries, diagnostics } = readAliasText("no colon here\nempty:\n: x\na: b\nA: c\nok: d\n", "/etc/aliases");
  expect(entries.map(({ name }) => name)).toEqual(["a", "ok"]);
  expect(diagnostics.map(({ at, message }) => `${at.line}: ${message}`)).toEqual([
    "1: missing colon after the name: an alias is written NAME: DESTINATION",
    "2: missing value for alias empty",
    "3: missing name before the colon",
    "5: duplicate alias name a, first in line 4",
  ]);
});
