import { expect, test } from "@jest/globals";
import { DebugLevels } from "../../../src/cli/debug-levels.ts";

test("set() reads categories, ranges and levels; the later setting counts", () => {
  const levels = new DebugLevels();
  levels.set("21.12,27-29.3,8");
  expect([21, 27, 28, 29, 30, 8].map((each) => levels.level(each))).toEqual([12, 3, 3, 3, 0, 1]);
  levels.set("21.2");
  expect(levels.level(21)).toBe(2);
});

test("nothing means everything at level 1; what is no number is passed over", () => {
  const levels = new DebugLevels();
  levels.set("");
  levels.set("queue_run.5,60.9");
  expect([0, 60, 99].map((each) => levels.level(each))).toEqual([1, 9, 1]);
});
