/** What FastSplit says about other servers: here it is so whatever it says. And what begins without a wait. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { SimulatedQueue } from "../../support/simulated-queue.ts";

let queue: SimulatedQueue;
afterEach(() => queue.stop());

/** Everything that waits for nothing but its turn has happened. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const sent = { action: "relayed", status: "2.0.0", text: "Sent" } as const;

describe.each([0, 1, 2])("FastSplit=%d", (value) => {
  test("a message goes to each host by itself, and to all of them at once", async () => {
    const gate = Promise.withResolvers<void>();
    let begun = 0;
    const during = (): Promise<void> => {
      begun++;
      return gate.promise;
    };
    queue = await SimulatedQueue.of({ cf: `O FastSplit=${value}`, interval: undefined, during, answer: () => sent });
    await queue.put("mail", ["x@a.test", "x@b.test", "y@a.test", "x@c.test"]);
    await turns();
    expect([begun, queue.tried]).toEqual([3, []]);
    gate.resolve();
    await queue.settled();
    expect(queue.tried.map(({ to }) => to.join(" ")).toSorted()).toEqual(["x@a.test y@a.test", "x@b.test", "x@c.test"]);
    expect(queue.store.list()).toEqual([]);
  });
});

describe("-qp", () => {
  test.each([
    ["tries again every second", "", 1, 6],
    ["but not what was tried less than MinQueueAge ago", "O MinQueueAge=3s", 1, 2],
    ["or as often as it says", "", 2, 3],
  ])("%s", async (_, cf, seconds, attempts) => {
    queue = await SimulatedQueue.of({ cf, interval: seconds * 1_000 });
    await queue.put("mail", ["x@far.test"]);
    await queue.wait(5 / 60, 1 / 60);
    expect(queue.tried).toHaveLength(attempts);
  });
});
