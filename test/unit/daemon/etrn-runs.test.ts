import { expect, test } from "@jest/globals";
import { etrnFilter, oneAfterTheOther } from "../../../src/daemon/etrn-runs.ts";

test("queue runs for hosts come one after the other, and one for all who ask meanwhile", async () => {
  const begun: string[] = [];
  const ends: ((waiting: number) => void)[] = [];
  const run = oneAfterTheOther((host) => {
    begun.push(host);
    return new Promise<number>((resolve) => ends.push(resolve));
  });
  const answers = [run("a.test"), run("A.test"), run("b.test"), run("a.test")];
  await Promise.resolve();
  expect(begun).toEqual(["a.test"]);
  ends[0](3);
  expect(await Promise.all([answers[0], answers[1], answers[3]])).toEqual([3, 3, 3]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun).toEqual(["a.test", "b.test"]);
  ends[1](0);
  expect(await answers[2]).toBe(0);
  const again = run("a.test");
  await new Promise((resolve) => setImmediate(resolve));
  ends[2](1);
  expect(await again).toBe(1);
});

test("a run that fails fails for those who asked for it, and the next one begins", async () => {
  const run = oneAfterTheOther(async (host) => {
    if (host === "a.test") throw new Error("no queue");
    return 1;
  });
  const [first, second] = [run("a.test"), run("b.test")];
  await expect(first).rejects.toThrow("no queue");
  expect(await second).toBe(1);
});

test.each([
  ["b.test", { recipient: [{ text: "@b.test" }] }],
  ["@b.test", { recipient: [{ text: "b.test" }] }],
  ["#fast", { group: "fast" }],
])("ETRN %s asks for %j", (asked, filter) => {
  expect(etrnFilter(asked)).toEqual(filter);
});
