import { expect, test } from "@jest/globals";
import { Slots } from "../../../src/delivery/slots.ts";

test("no more actions run than there are slots, and all of them run", async () => {
  const slots = new Slots(2);
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
