import { expect, test } from "@jest/globals";
import { systemClock } from "../../../src/sys/clock.ts";

test("after() returns a function that cancels the timer", async () => {
  let fired = false;
  const cancel = systemClock.after(1, () => (fired = true));
  cancel();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(fired).toBe(false);
});
