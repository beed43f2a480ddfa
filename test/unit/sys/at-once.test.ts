import { describe, expect, test } from "@jest/globals";
import { someAtOnce } from "../../../src/sys/at-once.ts";

async function* numbers(count: number): AsyncGenerator<number, void, undefined> {
  for (let number = 0; number < count; number++) yield await Promise.resolve(number);
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("someAtOnce()", () => {
  test("works on all, on so many at once and no more, and waits for the last", async () => {
    let running = 0;
    let most = 0;
    const done: number[] = [];
    await someAtOnce(numbers(20), 5, async (number) => {
      most = Math.max(most, ++running);
      for (let turns = number % 3; turns >= 0; turns--) await turn();
      running--;
      done.push(number);
    });
    expect(most).toBe(5);
    expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, number) => number));
  });

  test("ends with the first failure, after those that are under way", async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const work = someAtOnce(numbers(20), 3, async (number) => {
      begun.push(number);
      await turn();
      if (number === 1) throw new Error("no room");
      await turn();
      ended.push(number);
    });
    await expect(work).rejects.toThrow("no room");
    expect(begun.length).toBeLessThan(6);
    expect(ended).toEqual(begun.filter((number) => number !== 1));
  });

  test("nothing to do is done at once", async () => {
    await someAtOnce(numbers(0), 3, () => Promise.reject(new Error("never")));
  });
});
