/** Mail for mailers that deliver only in queue runs (F=e), or only when somebody asks for it (F=%). */
import { afterEach, describe, expect, test } from "@jest/globals";
import { MINUTE, SimulatedQueue } from "../../support/simulated-queue.ts";

let queue: SimulatedQueue;
afterEach(() => queue.stop());

/** Senders get their reports. */
function answer(host: string): object {
  return host === "a.test" ? { action: "relayed", status: "2.0.0", text: "Sent" } : {};
}

const hold = "O HoldExpensive=True\n";

describe("HoldExpensive", () => {
  test.each([
    ["is off: an expensive mailer is tried at once", "", "b", [0, 30, 60]],
    ["leaves its mail to queue runs", hold, "b", [30, 60]],
    ["makes no difference to mail that only waits", hold, "q", [30, 60]],
  ])("%s", async (_, cf, mode, minutes) => {
    queue = await SimulatedQueue.of({ cf, interval: 30 * MINUTE });
    await queue.put("mail", ["x@dear.test"], { mode });
    await queue.wait(65);
    expect(queue.minutes("mail")).toEqual(minutes);
  });

  test("holds up nobody else, and is no attempt when there is nobody else", async () => {
    queue = await SimulatedQueue.of({ cf: hold, interval: 30 * MINUTE });
    await queue.put("alone", ["x@dear.test"]);
    await queue.put("both", ["x@dear.test", "y@far.test"]);
    await queue.settled();
    expect(queue.tried.map(({ to }) => to)).toEqual([["y@far.test"]]);
    expect(queue.store.list().map(({ attempts }) => attempts)).toEqual([0, 1]);
    await queue.wait(30);
    expect(queue.tried.flatMap(({ to }) => to).toSorted()).toEqual([
      "x@dear.test",
      "x@dear.test",
      "y@far.test",
      "y@far.test",
    ]);
  });

  test("holds in delivery mode interactive, too; a queue run of one's own delivers", async () => {
    queue = await SimulatedQueue.of({ cf: hold, interval: undefined });
    const { id } = await queue.put("mail", ["x@dear.test"], { mode: "q" });
    const told: string[] = [];
    await queue.runner.deliver(id, {
      outcome: (_index, { given }, _triple, { text }) => void told.push(`${given} ${text}`),
    });
    expect([queue.tried.length, told]).toEqual([0, ["x@dear.test queued"]]);
    await queue.runner.runOnce();
    expect(queue.tried).toHaveLength(1);
  });
});

describe("F=%", () => {
  test("waits for a question that names the mail, once for each", async () => {
    queue = await SimulatedQueue.of({ interval: 30 * MINUTE });
    await queue.put("mail", ["x@asked.test", "y@far.test"]);
    await queue.wait(61);
    expect(queue.tried.map(({ to, minute }) => [minute, ...to])).toEqual([
      [0, "y@far.test"],
      [30, "y@far.test"],
      [60, "y@far.test"],
    ]);
    const filter = { recipient: [{ text: "asked.test" }] };
    await queue.runner.hurry(filter);
    await queue.settled();
    expect(queue.tried.slice(3).map(({ to, minute }) => [minute, ...to])).toEqual([
      [61, "x@asked.test"],
      [61, "y@far.test"],
    ]);
    await queue.wait(61);
    expect(queue.tried.filter(({ to }) => to.includes("x@asked.test"))).toHaveLength(1);
  });

  test.each([
    ["the whole queue", {}, 0],
    ["a queue group", { group: "mqueue" }, 0],
    ["a recipient", { recipient: [{ text: "x@" }] }, 1],
    ["a sender", { sender: [{ text: "anna" }] }, 1],
    ["what is not of a sender", { sender: [{ text: "ben", not: true }] }, 1],
    ["another recipient", { recipient: [{ text: "z@" }] }, 0],
  ] as const)("a run of %s", async (_, filter, tries) => {
    queue = await SimulatedQueue.of({ interval: undefined });
    await queue.put("mail", ["x@asked.test"]);
    await queue.settled();
    await queue.runner.runOnce(filter);
    expect(queue.tried).toHaveLength(tries);
  });

  test("is returned when nobody asks for five days", async () => {
    queue = await SimulatedQueue.of({ cf: "O Timeout.queuewarn=4h\n", interval: 60 * MINUTE, answer });
    await queue.put("mail", ["x@asked.test"]);
    await queue.wait(5 * 24 * 60 + 90, 10);
    expect(queue.minutes("mail")).toEqual([]);
    expect(queue.reports).toEqual([
      "300 Warning: could not send message for past 4 hours (anna@a.test)",
      "7260 Returned mail: see transcript for details (anna@a.test)",
    ]);
  });
});
