/** When the heap of a thread is collected: once at the beginning of a rest, when there was work before. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { collectAtRest } from "../../../src/sys/rest.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/** Looks at the thread every five seconds. @param work ms of each five seconds; @returns after how many of them it was collected */
function collectionsAfter(work: readonly number[]): number[] {
  const clock = new ManualClock();
  let worked = 0;
  const collections: number[] = [];
  let looks = 0;
  collectAtRest({ clock, worked: () => worked, collect: () => collections.push(looks) });
  for (const ms of work) {
    worked += ms;
    looks++;
    clock.advance(5_000);
  }
  return collections;
}

const rest = (looks: number): number[] => Array.from({ length: looks }, () => 1);

test.each<[string, number[], number[]]>([
  ["after a busy time, once", [4_000, 4_000, ...rest(20)], [8]],
  ["not after a moment of work", [300, ...rest(20)], []],
  ["not while there is work again and again", [4_000, ...rest(5), 80, ...rest(5), 80, ...rest(5)], []],
  ["after each busy time", [4_000, ...rest(7), 4_000, ...rest(7)], [7, 15]],
  ["when little work has come together", Array.from({ length: 12 }, () => 45), [12]],
])("%s", (_when, work, expected) => {
  expect(collectionsAfter(work)).toEqual(expected);
});

/** In a process of its own: that of the tests has much to collect. */
const COLLECTED = `
  const { collectAtRest } = await import(process.argv[1]);
  const actions = [];
  let looks = 0;
  collectAtRest({ clock: { after: (_, action) => actions.push(action) }, worked: () => (looks++ === 0 ? 0 : 1_000) });
  const garbage = new WeakRef({});
  // What was looked at lives to the end of the turn.
  await new Promise((resolve) => setImmediate(resolve));
  for (let look = 0; look < 20; look++) actions.pop()();
  console.log(garbage.deref() === undefined, typeof globalThis.gc);
`;

test("V8 collects, and shows nobody how", () => {
  const file = join(import.meta.dirname, "../../../src/sys/rest.ts");
  const words = ["--no-warnings", "--input-type=module", "--eval", COLLECTED, file];
  const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(stdout).toBe("true undefined\n");
});
