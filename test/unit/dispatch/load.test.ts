/** A machine with too much to do: what matters less waits for a queue run (QueueLA, QueueFactor). */
import { afterEach, expect, test } from "@jest/globals";
import { MINUTE, SimulatedQueue } from "../../support/simulated-queue.ts";

let queue: SimulatedQueue;
let load: number;
afterEach(() => queue.stop());

const small = ["x@far.test"];
const large = Array.from({ length: 20 }, (_, number) => `u${number}@far.test`);
const started = async (): Promise<void> => {
  queue = await SimulatedQueue.of({ cf: "O QueueLA=4\n", interval: 30 * MINUTE, load: () => load });
};

test("mail with many recipients waits while the load is high, and is tried when it is low", async () => {
  load = 4;
  await started();
  await queue.put("small", small);
  await queue.put("large", large);
  await queue.wait(95);
  expect(queue.minutes("small")).toEqual([0, 30, 60, 90]);
  expect(queue.minutes("large")).toEqual([]);
  load = 1;
  await queue.wait(30);
  expect(queue.minutes("large")).toEqual([120]);
});

test("the busier, the less is tried; old mail has a worse priority", async () => {
  load = 13;
  await started();
  await queue.put("small", small);
  await queue.wait(95);
  // 600,000 / 10: one attempt, and RetryFactor makes it too much.
  expect(queue.minutes("small")).toEqual([0]);
});

test("a queue run tries what is named, whatever the load", async () => {
  load = 4;
  await started();
  await queue.put("large", large);
  await queue.runner.runOnce();
  expect(queue.tried).toEqual([]);
  await queue.runner.runOnce({ sender: [{ text: "anna" }] });
  expect(queue.tried).toHaveLength(1);
});

test("senders are told of the delay, and get back what cannot be sent for days", async () => {
  load = 100;
  queue = await SimulatedQueue.of({
    cf: "O QueueLA=4\nO Timeout.queuewarn=4h\n",
    interval: 30 * MINUTE,
    load: () => load,
    answer: (host) => (host === "a.test" ? { action: "relayed", status: "2.0.0", text: "Sent" } : {}),
  });
  await queue.put("large", large);
  await queue.wait(250, 10);
  load = 1;
  await queue.wait(60, 10);
  expect(queue.reports.some((report) => report.includes("Warning"))).toBe(true);
});
