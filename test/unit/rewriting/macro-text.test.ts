import { describe, expect, test } from "@jest/globals";
import { readMacroName } from "../../../src/rewriting/macro-name.ts";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import {
  expandMacros,
  expandWhileReading,
  markLiterals,
  printMacroText,
  readMacroText,
  readOperators,
} from "../../../src/rewriting/macro-text.ts";

function scope(values: Record<string, string>): MacroScope {
  return new MacroScope(
    undefined,
    Object.entries(values).map(([name, value]) => [name, readMacroText(value).text] as const),
  );
}

function expand(source: string, values: Record<string, string>): string {
  return expandMacros(readMacroText(source).text, scope(values));
}

describe("expandMacros()", () => {
  test.each([
    ["plain", "plain"],
    ["a$x b", "aval b"],
    ["${long} and ${x}", "l and val"],
    ["cost $$5", "cost $5"],
    ["$?x yes $x $| no $. end", " yes val  end"],
    ["$?y yes $| no $. end", " no  end"],
    ["$?x a $?y b $| c $. d $| e $. f", " a  c  d  f"],
    ["$?y a $?x b $| c $. d $| e $. f", " e  f"],
    ["$?x open", " open"],
    ["$n", "nested val"],
    ["$&x", "val"],
    ["$q", ""],
  ])("%s → %j", (source, result) => {
    expect(expand(source, { x: "val", long: "l", n: "nested $x" })).toBe(result);
  });

  test("UTF-8 text of a configuration is itself, also where its octets look like metasymbols", () => {
    const city = Buffer.from("Łódź $j").toString("latin1");
    const { text } = readMacroText(markLiterals(city));
    const expanded = expandMacros(text, scope({ j: "mx" }));
    expect(Buffer.from(expanded, "latin1").toString("utf8")).toBe("Łódź mx");
    expect(expandMacros(expandWhileReading(text, scope({ j: "mx" })), scope({}))).toBe(expanded);
  });

  test("a value from outside is text, whatever it holds", () => {
    const values = new MacroScope(undefined, [["f", "$j ${x} $?"]]);
    values.set("j", "secret");
    expect(expandMacros(readMacroText("<$f>").text, values)).toBe("<$j ${x} $?>");
  });

  test("a macro that names itself comes to an end", () => {
    expect(expand("$a", { a: "x$a" })).toMatch(/^x{9,}/);
    expect(expand("$a", { a: "$a$a$a$a$a$a$a$a$a$a" }).length).toBeLessThanOrEqual(65_536);
  });

  test("while reading, deferred macros and operators stay", () => {
    const { text } = readMacroText("$* $x $&x $1 $?y a$|b$.");
    expect(readOperators("\x81*\x81&x\x811\x81x", new MacroScope())).toBe("\x90\x82x\x951\x81x");
    expect(printMacroText(expandWhileReading(text, scope({ x: "v" })))).toBe("$* v $&x $1 b");
  });
});

describe("readMacroName()", () => {
  test.each([
    ["x", "x", []],
    ["{x}", "x", []],
    ["{a_1}", "a_1", []],
    ["{a-b}", "ab", ["Invalid macro/class character -"]],
    ["", undefined, ["Name required for macro/class"]],
    ["{}", undefined, ["Name required for macro/class"]],
    ["{open", undefined, ["Unbalanced { on open", "Unable to assign macro/class ID (mid = 0xffffffff)"]],
    [
      `{${"a".repeat(26)}}`,
      undefined,
      [
        `Macro/class name ({${"a".repeat(25)}}) too long (25 chars max)`,
        "Unable to assign macro/class ID (mid = 0xffffffff)",
      ],
    ],
  ])("reads %j", (text, name, problems) => {
    expect(readMacroName(text, 0)).toMatchObject({ name, problems });
  });
});
