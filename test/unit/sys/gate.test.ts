import { expect, test } from "@jest/globals";
import { Gate } from "../../../src/sys/gate.ts";
import { ManualClock } from "../../support/manual-clock.ts";

test("no more actions run than there are slots, and all of them run", async () => {
  const slots = new Gate(2);
  let running = 0;
  let most = 0;
  const action = async (number: number) => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
    if (number === 1) throw new Error("one fails");
    return number;
  };
  const results = await Promise.allSettled([0, 1, 2, 3, 4].map((number) => slots.run(() => action(number))));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled", "fulfilled"]);
  expect([most, running]).toEqual([2, 0]);
});

test("Gate lets no more tasks in than it has places, in the order they came", async () => {
  const gate = new Gate(2);
  expect(gate.enter()).toBeUndefined();
  expect(gate.enter()).toBeUndefined();
  const order: string[] = [];
  const third = gate.enter()?.then(() => order.push("third"));
  const fourth = gate.enter()?.then(() => order.push("fourth"));
  expect(order).toEqual([]);
  gate.leave();
  await third;
  gate.leave();
  await fourth;
  expect(order).toEqual(["third", "fourth"]);
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("who takes long gives the place to others, as long as not too many do", async () => {
  const clock = new ManualClock();
  const gate = new Gate(1);
  const patience = { clock, ms: 1000, most: 2 };
  const ends = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const begun: number[] = [];
  const all = ends.map(({ promise }, number) =>
    gate.run(() => {
      begun.push(number);
      return promise;
    }, patience),
  );
  for (let seconds = 0; seconds < 5; seconds++) {
    await turn();
    clock.advance(1000);
  }
  // Two wait without a place, the third keeps it.
  await turn();
  expect(begun).toEqual([0, 1, 2]);
  ends[2].resolve();
  await turn();
  expect(begun).toEqual([0, 1, 2, 3]);
  for (const { resolve } of ends) resolve();
  await Promise.all(all);
  expect(gate.enter()).toBeUndefined();
  expect(gate.enter()).toBeInstanceOf(Promise);
});

test("when all only wait, the others need not wait as long; when they do not any more, time is as before", async () => {
  const clock = new ManualClock();
  const gate = new Gate(2);
  const patience = { clock, ms: 1600, most: 1000 };
  /** Tasks that have begun after so much time. */
  const begunAfter = async (milliseconds: number): Promise<number> => {
    let begun = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const tasks = Array.from({ length: 200 }, () => gate.run(() => (begun++, promise), patience));
    for (let passed = 0; passed < milliseconds; passed += 100) {
      await turn();
      clock.advance(100);
    }
    await turn();
    const found = begun;
    resolve();
    await Promise.all(tasks);
    return found;
  };
  // 1600, 800, 400, 200, then 100 for each two; of 200 as long before: 2 for each 1600.
  expect(await begunAfter(8_000)).toBeGreaterThan(100);
  await Promise.all(Array.from({ length: 50 }, () => gate.run(() => Promise.resolve(), patience)));
  expect(await begunAfter(1_600)).toBeLessThan(10);
});
