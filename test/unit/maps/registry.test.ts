import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import { ask, declareMaps, lookupContext, shortResult } from "../../support/map-environment.ts";

test("a K line that is wrong is reported in sendmail's words", () => {
  const { problems } = declareMaps(["Ka nosuchtype /x", "Kg switch -Q x", "Ks sequence nosuchm"]);
  expect(problems).toEqual([
    "readcf: map a: class nosuchtype not available",
    "Illegal option Q map g",
    "Sequence map s: unknown member map nosuchm",
  ]);
});

test.each([
  ["+", ["1", "2"], "3"],
  ["%", ["-7", "2"], "-1"],
  ["/", ["7", "0"], "-"],
  ["*", ["65536", "65536"], "4294967296"],
  ["+", ["0x10", "010"], "24"],
  ["l", ["-1", "0"], "TRUE"],
  ["=", ["2", "3"], "FALSE"],
  ["r", ["5", "5"], "5"],
  ["+", ["1"], "-"],
  ["plus", ["1", "2"], "-"],
])("arith computes %s of %j", async (operator, args, expected) => {
  expect(await ask(declareMaps(["Ka arith"]).map("a"), operator, ...args)).toBe(expected);
});

test.each([
  ['"foo"', "foo"],
  ["foo", "-"],
  ['"a b"', "-"],
  ['"a.b"@c', "a.b@c"],
  ['""', ""],
  ['"a\\"b"', 'a\\"b'],
])("dequote makes %j %j", async (key, expected) => {
  expect(await ask(declareMaps(["Kd dequote"]).map("d"), key)).toBe(expected);
});

test("a line of a text table that begins with # is a comment; elsewhere the mark is text", async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "text-")));
  writeFileSync(join(folder, "table"), "#c: hash\na:one\n#: two\nb #x: three\n  #d: four\n", { mode: 0o600 });
  const map = declareMaps([`Kt text -k0 -v1 -z: ${folder}/table`]).map("t");
  const keys = ["#c", "#", "a", "b #x", "  #d"];
  const found = await Promise.all(keys.map((key) => ask(map, key)));
  rmSync(folder, { recursive: true });
  expect(found).toEqual(["-", "-", "one", " three", " four"]);
});

test("dequote -s puts a character in the place of blanks; flags after the first do not count", async () => {
  expect(await ask(declareMaps(["Kd dequote -s_ -a.x"]).map("d"), '"a b"')).toBe("a_b");
});

test("macro sets and clears a macro in the scope of the look-up", async () => {
  const map = declareMaps(["Km macro"]).map("m");
  const scope = new MacroScope();
  await map.lookup("{foo}", ["bar"], lookupContext({ scope }));
  expect(scope.get("foo")).toBe("bar");
  await map.lookup("{foo}", [], lookupContext({ scope }));
  expect(scope.get("foo")).toBeUndefined();
});

test("a second K line of the same name adds to the flags of the first", async () => {
  const maps = declareMaps(["Kda dequote -a.APP", "KdA dequote -D"]);
  expect(await ask(maps.map("da"), '"x"')).toBe("x.APP");
});

test("-D makes a look-up in deferred mode a temporary failure", async () => {
  const map = declareMaps(["Ka arith -D"]).map("a");
  expect(shortResult(await map.lookup("+", ["1", "2"], lookupContext({ deferred: true })))).toBe("!");
  expect(await ask(map, "+", "1", "2")).toBe("3");
});
