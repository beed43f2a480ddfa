/** Runs that are remembered do not ask maps again that say the same each time. */
import { expect, test } from "@jest/globals";
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
