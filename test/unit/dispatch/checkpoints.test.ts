/** CheckpointInterval: when it is written down who has the message, while somebody else is still being served. */
import { afterEach, expect, test } from "@jest/globals";
import { SimulatedQueue } from "../../support/simulated-queue.ts";

let queue: SimulatedQueue;
afterEach(() => queue.stop());

/** Everything that waits for nothing but its turn has happened. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 60; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const sent = { action: "relayed", status: "2.0.0", text: "Sent" } as const;

interface Attempt {
  /** Recipients that are written down as served when something is written, one number for each record. */
  readonly records: number[];
  readonly finish: () => void;
}

/**
 * An attempt at a message for x@slow.test, whose host takes its time, and `hosts` others with so many recipients each, which
 * answer one after the other.
 */
async function attempt(cf: string, hosts: number, each: number): Promise<Attempt> {
  const slow = Promise.withResolvers<void>();
  const last = { turn: Promise.resolve() };
  let begun = 0;
  const during = (): Promise<void> =>
    begun++ === 0 ? slow.promise : (last.turn = last.turn.then(() => new Promise((resolve) => setImmediate(resolve))));
  queue = await SimulatedQueue.of({ cf, interval: undefined, during, answer: () => sent });
  const records: number[] = [];
  const settle = queue.store.settle.bind(queue.store);
  queue.store.settle = (claim, changes) => {
    records.push(changes.recipients.filter(({ state }) => state === "delivered").length);
    return settle(claim, changes);
  };
  const users = Array.from({ length: each }, (_, user) => `x${user}`);
  const others = Array.from({ length: hosts }, (_, host) => users.map((user) => `${user}@h${host}.test`));
  await queue.put("mail", ["x@slow.test", ...others.flat()]);
  await turns();
  return { records, finish: slow.resolve };
}

// What a genuine sendmail writes under the same values: after as many recipients, as soon as they have it.
test.each<[string, string, number, number, readonly number[]]>([
  ["ten unless said otherwise", "", 15, 1, [10]],
  ["ten", "O CheckpointInterval=10", 19, 1, [10]],
  ["each one", "O CheckpointInterval=1", 4, 1, [1, 1, 1, 1]],
  ["three", "O CheckpointInterval=3", 7, 1, [3, 3]],
  ["a transaction is one record", "O CheckpointInterval=4", 3, 10, [10, 10, 10]],
  ["transactions are counted together", "O CheckpointInterval=4", 4, 3, [6, 6]],
  ["more than there are", "O CheckpointInterval=1000", 15, 1, []],
  ["none", "O CheckpointInterval=0", 15, 1, []],
  ["none, either", "O CheckpointInterval=-1", 15, 1, []],
])("%s", async (_, cf, hosts, each, written) => {
  const { records, finish } = await attempt(cf, hosts, each);
  expect(records).toEqual(written);
  finish();
  await queue.settled();
  expect(queue.store.list()).toEqual([]);
  expect(queue.tried.flatMap(({ to }) => to)).toHaveLength(hosts * each + 1);
});

test.each([
  ["two seconds later whoever has it is written down", 10, [3]],
  ["unless nobody is before the end", 0, []],
])("%s", async (_, interval, written) => {
  const { records, finish } = await attempt(`O CheckpointInterval=${interval}`, 3, 1);
  queue.clock.advance(1_999);
  await turns();
  expect(records).toEqual([]);
  queue.clock.advance(1);
  await turns();
  expect(records).toEqual(written);
  finish();
  await queue.settled();
});

test("a message with one recipient is one record, as ever", async () => {
  queue = await SimulatedQueue.of({ cf: "O CheckpointInterval=1", interval: undefined, answer: () => sent });
  let records = 0;
  const settle = queue.store.settle.bind(queue.store);
  queue.store.settle = (claim, changes) => {
    records++;
    return settle(claim, changes);
  };
  await queue.put("mail", ["x@a.test"]);
  await queue.settled();
  expect([records, queue.store.list()]).toEqual([1, []]);
});
