/** Messages whose destination takes nothing: their time runs all the same, and nobody tries them for that. */
import { afterEach, expect, test } from "@jest/globals";
import { HOUR, MINUTE, SimulatedQueue } from "../../support/simulated-queue.ts";

let queue: SimulatedQueue;
afterEach(() => queue.stop());

const cf =
  "O Timeout.queuewarn=4h\nO Timeout.queuereturn=5d\nO Timeout.queuereturn.urgent=1d\nO Timeout.queuewarn.urgent=2h";
const sent = { action: "relayed", status: "2.0.0", text: "Sent" } as const;
const toSender = (host: string): object => (host === "a.test" ? sent : {});

const places = {
  "a host that an operator suspends": () => queue.destinations.suspend(["far.test"]),
  "a host that is down for long": () => queue.destinations.find("mx.far.test", "esmtp far.test").hold(Infinity, "down"),
  "a destination that is busy with a message that does not end": () => void queue.destinations.admit("esmtp far.test"),
};

test.each(Object.entries(places))("%s: senders are warned and get their mail back, without a try", async (_, block) => {
  queue = await SimulatedQueue.of({ cf, interval: 30 * MINUTE, answer: toSender, connects: true });
  block();
  await queue.put("normal", ["x@far.test"]);
  await queue.put("urgent", ["x@far.test"], { headers: [{ name: "Priority", value: " urgent" }] });
  await queue.wait(130 * 60, 10);
  expect(queue.minutes("normal")).toEqual([]);
  expect(queue.reports).toEqual([
    "130 Warning: could not send message for past 2 hours (anna@a.test)",
    "250 Warning: could not send message for past 4 hours (anna@a.test)",
    "1450 Returned mail: see transcript for details (anna@a.test)",
    "7210 Returned mail: see transcript for details (anna@a.test)",
  ]);
  expect(queue.store.list()).toEqual([]);
});

test("BY= with R comes back in time from behind a suspended host", async () => {
  queue = await SimulatedQueue.of({ cf, interval: 30 * MINUTE, answer: toSender, connects: true });
  queue.destinations.suspend(["far.test"]);
  await queue.put("by", ["x@far.test"], { deliverBy: { seconds: 600, mode: "return", trace: false } });
  await queue.put("others", ["y@far.test"]);
  await queue.wait(20);
  expect(queue.reports).toEqual(["10 Returned mail: see transcript for details (anna@a.test)"]);
  expect(queue.store.count()).toBe(1);
});

test("thousands that wait behind one host are looked at when there is something to tell, not at each interval", async () => {
  queue = await SimulatedQueue.of({ cf, interval: 30 * MINUTE, answer: toSender, connects: true });
  queue.destinations.suspend(["far.test"]);
  const claimDue = queue.store.claimDue.bind(queue.store);
  let claims = 0;
  queue.store.claimDue = (...words) => {
    const given = claimDue(...words);
    claims += given.length;
    return given;
  };
  for (let each = 0; each < 500; each++) await queue.put(`m${each}`, ["x@far.test"], { sender: "" });
  await queue.wait(48 * 60, 10);
  // One look finds out what their times are, another one warns (here nobody).
  expect(claims).toBeLessThanOrEqual(2 * 500);
});

test("runOnce() returns what is overdue behind a host that takes nothing", async () => {
  queue = await SimulatedQueue.of({ cf, interval: undefined, answer: toSender, connects: true });
  queue.destinations.suspend(["far.test"]);
  await queue.put("old", ["x@far.test"], { arrived: queue.clock.now() - 121 * HOUR });
  await queue.put("new", ["x@far.test"]);
  await queue.runner.runOnce();
  await queue.settled();
  expect(queue.reports).toEqual(["0 Returned mail: see transcript for details (anna@a.test)"]);
  expect(queue.store.count()).toBe(1);
});
