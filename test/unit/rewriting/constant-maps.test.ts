/** Runs that are remembered do not ask maps again that say the same each time. */
import { expect, test } from "@jest/globals";
import type { LookupMap, LookupResult } from "../../../src/rewriting/lookup-map.ts";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import { createCompiled } from "../../../src/rewriting/jit.ts";
import { randomNumbers, randomAddress } from "../../support/random-rules.ts";
import { testProgram } from "../../support/rule-program.ts";
import { declareMaps } from "../../support/map-environment.ts";

test.each([
  ["fixed", "$(fixed $1 $)", 2],
  ["fixed, with an argument", "$(fixed $1 $@ 2 $)", 5],
  ["other", "$(other $1 $)", 5],
])("a map that is %s", async (_name, asks, times) => {
  const asked: string[] = [];
  const lookup = (key: string) => {
    asked.push(key);
    return { kind: "found", value: `${key}.${asked.length > 100 ? "x" : "y"}` } as const;
  };
  const program = testProgram(`SA\nR$+\t$: ${asks}`, { maps: { fixed: lookup, other: lookup }, constant: ["fixed"] });
  const engine = createCompiled(program);
  const context = { scope: program.scope.child(), deferred: false, message: () => undefined };
  for (let count = 0; count < 5; count++) {
    const { tokens } = await engine.rewrite(engine.number("A")!, ["a"], context);
    expect(tokens.join("")).toBe("a.y");
  }
  expect(asked).toHaveLength(times);
});

test("a map is asked again when what it answers from is another thing, and after each failure", async () => {
  let edition: object | undefined = {};
  let answer: LookupResult = { kind: "found", value: "old" };
  let asked = 0;
  const map: LookupMap = {
    name: "m",
    mapClass: "test",
    edition: () => edition,
    lookup() {
      asked++;
      return answer;
    },
  };
  const program = { ...testProgram("SA\nR$+\t$: $(m $1 $: none $)"), map: () => map };
  const engine = createCompiled(program);
  const context = { scope: new MacroScope(), deferred: false, message: () => undefined };
  const runs = async (count: number): Promise<string> => {
    asked = 0;
    const said: string[] = [];
    for (let i = 0; i < count; i++)
      said.push((await engine.rewrite(engine.number("A")!, ["a"], context)).tokens.join(""));
    return `${[...new Set(said)].join()} ${asked}`;
  };
  // Not worth keeping the first time; kept the second.
  expect(await runs(5)).toBe("old 2");
  edition = {};
  expect(await runs(5)).toBe("old 1");
  [edition, answer] = [{}, { kind: "missing" }];
  expect(await runs(5)).toBe("none 1");
  [edition, answer] = [{}, { kind: "tempfail", reason: "away", status: 75 }];
  expect(await runs(5)).toBe("none 5");
  answer = { kind: "found", value: "new" };
  expect(await runs(5)).toBe("new 1");
  edition = undefined;
  expect(await runs(5)).toBe("new 5");
});

test("a work that knows an old answer does not take it for the one that another work has heard since", () => {
  let edition = {};
  let value = "old";
  const map: LookupMap = {
    name: "m",
    mapClass: "test",
    edition: () => edition,
    lookup: () => ({ kind: "found", value }),
  };
  const program = { ...testProgram("SA\nR$+\t$: $(m $1 $)"), map: () => map };
  const engine = createCompiled(program);
  const context = { scope: new MacroScope(), deferred: false, message: () => undefined };
  const work = (name: string): unknown =>
    engine.remember(name, context, (heard) => {
      const result = engine.rewrite(engine.number("A")!, ["a"], heard);
      return "tokens" in result ? result.tokens.join("") : "";
    });
  for (let i = 0; i < 3; i++) expect([work("one"), work("two")]).toEqual(["old", "old"]);
  [edition, value] = [{}, "new"];
  for (let i = 0; i < 3; i++) expect(work("one")).toBe("new");
  expect(work("two")).toBe("new");
});

test.each(["regex -s1 ^(.)@?", "regex -n a", "dequote", "dequote -s.", "null", "null -aX"])(
  "Km %s says the same of a key each time, and nothing beside",
  async (line) => {
    const map = declareMaps([`Km ${line}`]).map("m");
    expect(map.constant).toBe(true);
    const random = randomNumbers(7);
    const messages: string[] = [];
    for (let count = 0; count < 50; count++) {
      const key = randomAddress(random);
      const [first, second] = [0, 1].map(() =>
        map.lookup(key, [], {
          scope: testProgram("").scope,
          deferred: random(2) === 0,
          expand: (text) => text,
          message: (text) => messages.push(text),
        }),
      );
      expect(second).toEqual(first);
    }
    expect(messages).toEqual([]);
  },
);

test("a map that is not asked in deferred mode is not constant", () => {
  expect(declareMaps(["Km regex -D a"]).map("m").constant).toBe(false);
});
