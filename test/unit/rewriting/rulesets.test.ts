import { describe, expect, test } from "@jest/globals";
import { RulesetTable } from "../../../src/rewriting/rulesets.ts";
import { testProgram } from "../../support/rule-program.ts";

function texts(problems: readonly { readonly text: string }[]): string[] {
  return problems.map(({ text }) => text);
}

describe("RulesetTable", () => {
  test("gives names without a number 199, 198 ... in the order of first mention", () => {
    const table = new RulesetTable();
    expect(table.define("a").number).toBe(199);
    expect(table.mention("b").number).toBe(198);
    expect(table.define("c=7").number).toBe(7);
    expect(table.define("a").number).toBe(199);
    expect(table.nameOf(7)).toBe("c");
    expect(table.nameOf(8)).toBe("8");
  });

  test("shows the name of a number that was read last", () => {
    const table = new RulesetTable();
    table.define("a=5");
    table.define("b=5");
    expect(table.nameOf(5)).toBe("b");
    table.find("a");
    expect(table.nameOf(5)).toBe("b");
    table.mention("a");
    expect(table.nameOf(5)).toBe("a");
  });

  test.each([
    ["", 'invalid ruleset name: ""'],
    ["-1", 'invalid ruleset name: "-1"'],
    ["100", "bad ruleset 100 (100 max)"],
    ["99999999999", "bad ruleset 1215752191 (100 max)"],
    ["d=101", 'bad ruleset number 101 in "d=101" (100 max)'],
    ["g=e", 'bad ruleset definition "g=e" (number required after `=\')'],
    ["v =", 'bad ruleset definition "v" (number required after `=\')'],
  ])("refuses %j", (text, message) => {
    const { number, problems } = new RulesetTable().define(text);
    expect(number).toBeUndefined();
    expect(texts(problems)).toEqual([message]);
  });

  test("keeps the first number of a name", () => {
    const table = new RulesetTable();
    table.define("x=5");
    const { number, problems } = table.define("x=6");
    expect(number).toBe(5);
    expect(texts(problems)).toEqual(["x=6: ruleset changed value (old 5, new 6)"]);
  });

  test("warns of a second definition", () => {
    const { problems } = testProgram("Sabc=60\nRx\ty\nS60");
    expect(problems).toEqual(["WARNING: Ruleset 60 has multiple definitions"]);
  });

  test("finds by name and by leading digits, without making anything", () => {
    const table = new RulesetTable();
    table.define("check_rcpt");
    expect(table.find("check_rcpt").number).toBe(199);
    expect(table.find("3x").number).toBe(3);
    expect(table.find("nosuch")).toMatchObject({ number: undefined, problems: [] });
    expect(texts(table.find("199").problems)).toEqual(["bad ruleset 199 (100 max)"]);
  });
});
