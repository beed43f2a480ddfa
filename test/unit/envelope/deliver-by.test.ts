import { expect, test } from "@jest/globals";
import { beforeDeadline, deliverByNow, isLate, isTooLate } from "../../../src/envelope/deliver-by.ts";

const arrived = 1_000_000;
const by = (seconds: number, mode: "return" | "notify") => ({ arrived, deliverBy: { seconds, mode, trace: false } });

test("a message that has lain elsewhere brings what is left of its time", () => {
  expect(deliverByNow(by(120, "return"), arrived + 100_999)?.seconds).toBe(20);
  expect(deliverByNow(by(120, "return"), arrived + 130_000)).toEqual({ seconds: -10, mode: "return", trace: false });
  expect(deliverByNow(by(120, "return"), arrived - 5_000)?.seconds).toBe(120);
  expect(deliverByNow({ arrived }, arrived)).toBeUndefined();
});

test("the time is over at the second that was named", () => {
  for (const [late, mode] of [
    [isTooLate, "return"],
    [isLate, "notify"],
  ] as const) {
    expect([119_999, 120_000].map((age) => late(by(120, mode), arrived + age))).toEqual([false, true]);
    expect(late({ arrived }, arrived + 120_000)).toBe(false);
  }
  expect(isTooLate(by(-10, "return"), arrived)).toBe(true);
  expect(isLate(by(-10, "notify"), arrived + 1)).toBe(false);
});

test("the next try is no later than the deadline, while that lies ahead", () => {
  const message = by(120, "notify");
  expect(beforeDeadline(message, arrived + 900_000, arrived)).toBe(arrived + 120_000);
  expect(beforeDeadline(message, arrived + 60_000, arrived)).toBe(arrived + 60_000);
  expect(beforeDeadline(message, arrived + 900_000, arrived + 120_000)).toBe(arrived + 900_000);
  expect(beforeDeadline({ arrived }, arrived + 900_000, arrived)).toBe(arrived + 900_000);
});
