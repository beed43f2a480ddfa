import { describe, expect, test } from "@jest/globals";
import { LatelyAsked } from "../../../src/rewriting/jit/lately-asked.ts";

/** Asks for a name as the engine does: what is not kept is made, and kept when it was asked for before. */
function ask(kept: LatelyAsked<{ name: string }>, name: string): "found" | "made" {
  const known = kept.find(name);
  if (known === false) kept.keep(name, { name });
  else if (known !== undefined) expect(known.name).toBe(name);
  return known ? "found" : "made";
}

/** How many of these names are found when they come for the last of so many times, one after the other. */
function foundAtLast(kept: LatelyAsked<{ name: string }>, names: number, rounds: number): number {
  let found = 0;
  for (let round = 0; round < rounds; round++) {
    found = 0;
    for (let at = 0; at < names; at++) if (ask(kept, `user@d${at}.test`) === "found") found++;
  }
  return found;
}

describe("LatelyAsked", () => {
  test("keeps what was asked for twice", () => {
    const kept = new LatelyAsked<{ name: string }>(10);
    expect([1, 2, 3].map(() => ask(kept, "a"))).toEqual(["made", "made", "found"]);
  });

  test("finds all names that have a place", () => {
    expect(foundAtLast(new LatelyAsked(100), 100, 3)).toBe(100);
  });

  test("finds some of those that take turns where there are more names than places", () => {
    const found = foundAtLast(new LatelyAsked(100), 150, 50);
    expect(found).toBeGreaterThan(30);
    expect(found).toBeLessThan(100);
  });

  test("keeps no more than it may, whatever comes", () => {
    const kept = new LatelyAsked<{ name: string }>(10);
    for (let at = 0; at < 1000; at++) kept.keep(`${at}`, { name: `${at}` });
    const left = Array.from({ length: 1000 }, (_, at) => kept.find(`${at}`)).filter(
      (each) => each !== undefined && each !== false,
    );
    expect(left).toHaveLength(10);
  });

  test("a new value takes the place of the one before", () => {
    const kept = new LatelyAsked<{ name: string }>(2);
    kept.keep("a", { name: "old" });
    kept.keep("a", { name: "new" });
    kept.keep("b", { name: "b" });
    expect([kept.find("a"), kept.find("b")]).toEqual([{ name: "new" }, { name: "b" }]);
  });
});
