/** What a queue run tries, and in which order. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { HOUR, MINUTE, SimulatedQueue } from "../../support/simulated-queue.ts";

let queue: SimulatedQueue;
afterEach(() => queue.stop());

const groups = "Qfew, J=2\n";
const few = "Squeuegroup\nR$*@few.test	$#few\n";

/** Puts messages that nobody has tried, as they stand here. */
async function filled(
  cf: string,
  hosts: readonly string[] = ["za.test", "mm.test", "ab.test", "mm.test"],
): Promise<void> {
  queue = await SimulatedQueue.of({ cf: few + cf, groups, interval: undefined });
  const sizes = [3000, 1000, 4000, 2000];
  const ages = [50, 20, 70, 90];
  for (const [number, host] of hosts.entries()) {
    await queue.put(`m${number}`, [`x@${host}`], {
      mode: "q",
      bodySize: sizes[number],
      headers: [{ name: "X-Size", value: "x".repeat(sizes[number]) }],
      arrived: queue.clock.now() - ages[number] * MINUTE,
    });
  }
}

const order = (): readonly string[] => queue.tried.map(({ subject }) => subject);

describe("QueueSortOrder", () => {
  test.each([
    ["priority", "m1 m3 m0 m2"],
    ["Priority", "m1 m3 m0 m2"],
    ["host", "m0 m2 m1 m3"],
    ["filename", "m0 m1 m2 m3"],
    ["time", "m3 m2 m0 m1"],
    ["modification", "m3 m2 m0 m1"],
    ["none", "m0 m1 m2 m3"],
  ])("%s", async (word, wanted) => {
    await filled(`O QueueSortOrder=${word}\n`);
    await queue.runner.runOnce();
    expect(order().join(" ")).toBe(wanted);
  });

  test("random gives each once, and not always in one order", async () => {
    const seen = new Set<string>();
    for (let round = 0; round < 12; round++) {
      await filled("O QueueSortOrder=random\n");
      await queue.runner.runOnce();
      expect(order().toSorted()).toEqual(["m0", "m1", "m2", "m3"]);
      seen.add(order().join(" "));
      await queue.stop();
    }
    expect(seen.size).toBeGreaterThan(1);
  });

  test("modification looks at the last attempt", async () => {
    await filled("O QueueSortOrder=modification\n");
    await queue.runner.runOnce({ recipient: [{ text: "mm.test" }] });
    queue.tried.length = 0;
    queue.clock.advance(MINUTE);
    await queue.runner.runOnce();
    expect(order().slice(0, 2)).toEqual(["m2", "m0"]);
  });
});

describe("a run", () => {
  test("tries the first MaxQueueRunSize of its order, J= of a group that has it", async () => {
    await filled("O MaxQueueRunSize=3\nO QueueSortOrder=time\n");
    await queue.runner.runOnce();
    expect(order()).toEqual(["m3", "m2", "m0"]);
    await queue.stop();
    await filled("O MaxQueueRunSize=3\nO QueueSortOrder=time\n", ["few.test", "few.test", "few.test", "far.test"]);
    await queue.runner.runOnce();
    expect(order()).toEqual(["m3", "m2", "m0"]);
    queue.tried.length = 0;
    await queue.runner.runOnce({ group: "few" });
    expect(order()).toHaveLength(2);
  });

  test.each([
    ["MinQueueAge", "O MinQueueAge=30m\n", 30 * MINUTE],
    ["MaxQueueAge", "O MinQueueAge=30m\nO MaxQueueAge=4h\n", 50 * MINUTE],
  ])("leaves alone what was tried too short a time ago: %s", async (_, cf, wait) => {
    await filled(cf, ["far.test"]);
    await queue.runner.runOnce();
    queue.clock.advance(wait - 1);
    await queue.runner.runOnce();
    await queue.runner.runOnce({ group: "mqueue" });
    expect(queue.tried).toHaveLength(1);
    queue.clock.advance(1);
    await queue.runner.runOnce();
    expect(queue.tried).toHaveLength(2);
  });

  test.each([
    ["a recipient", { recipient: [{ text: "far" }] }],
    ["a sender", { sender: [{ text: "ben", not: true }] }],
    ["an id", { id: [{ text: "" }] }],
  ] as const)("that names %s does not look at the age", async (_, filter) => {
    await filled("O MinQueueAge=30m\n", ["far.test"]);
    await queue.runner.runOnce();
    await queue.runner.runOnce(filter);
    expect(queue.tried).toHaveLength(2);
  });

  test.each([
    ["priority", "m1 m3 m0 m2"],
    ["time", "m3 m2 m0 m1"],
    ["host", "m0 m2 m1 m3"],
  ])("of a server that works has its order: %s", async (word, wanted) => {
    await filled(`O QueueSortOrder=${word}\nO MaxQueueChildren=1\n`);
    expect(await queue.runner.hurry({})).toBe(4);
    await queue.wait(1);
    expect(order().join(" ")).toBe(wanted);
  });

  test("of a server that works looks at the age", async () => {
    queue = await SimulatedQueue.of({ cf: "O MinQueueAge=30m\n", interval: 2 * HOUR });
    await queue.put("mail", ["x@far.test"]);
    await queue.wait(10);
    expect(await queue.runner.hurry({})).toBe(0);
    await queue.wait(20);
    expect(await queue.runner.hurry({})).toBe(1);
    await queue.settled();
    expect(await queue.runner.hurry({ recipient: [{ text: "far" }] })).toBe(1);
    await queue.settled();
    expect(queue.minutes("mail")).toEqual([0, 30, 30]);
  });
});
