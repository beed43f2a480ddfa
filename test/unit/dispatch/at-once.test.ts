/** What FastSplit and CheckpointInterval say about other servers: here it is so whatever they say. */
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

describe.each([1, 10, 1000])("CheckpointInterval=%d", (value) => {
  test("who has the message is written down two seconds later, while another host takes its time", async () => {
    const gate = Promise.withResolvers<void>();
    let begun = 0;
    const during = (): Promise<void> => (++begun === 1 ? gate.promise : Promise.resolve());
    const cf = `O CheckpointInterval=${value}`;
    queue = await SimulatedQueue.of({ cf, interval: undefined, during, answer: () => sent });
    const states = (): string =>
      queue.store
        .list()[0]
        .envelope.recipients.map(({ state }) => state)
        .join(" ");
    await queue.put("mail", ["x@slow.test", "x@a.test", "x@b.test"]);
    await turns();
    expect([begun, queue.tried.length]).toEqual([3, 2]);
    queue.clock.advance(1_999);
    await turns();
    expect(states()).toBe("todo todo todo");
    queue.clock.advance(1);
    await turns();
    expect(states()).toBe("todo delivered delivered");
    gate.resolve();
    await queue.settled();
    expect(queue.store.list()).toEqual([]);
  });

  test("so is it at once when 200 have it", async () => {
    const gate = Promise.withResolvers<void>();
    let begun = 0;
    const during = (): Promise<void> => (++begun === 1 ? gate.promise : Promise.resolve());
    const cf = `O CheckpointInterval=${value}`;
    queue = await SimulatedQueue.of({ cf, interval: undefined, during, answer: () => sent });
    const many = Array.from({ length: 200 }, (_, number) => `x${number}@a.test`);
    await queue.put("mail", ["x@slow.test", ...many]);
    await turns();
    const { recipients } = queue.store.list()[0].envelope;
    expect(recipients.map(({ state }) => state).toSorted()).toEqual([...many.map(() => "delivered"), "todo"]);
    gate.resolve();
    await queue.settled();
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
