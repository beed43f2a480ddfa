/** Queue groups: who waits in which, with times and limits of its own. */
import { afterEach, describe, expect, test } from "@jest/globals";
import type { QueueEntry } from "../../../src/queue/queue.ts";
import { MINUTE, SimulatedQueue } from "../../support/simulated-queue.ts";

let queue: SimulatedQueue;
afterEach(() => queue.stop());

const groups = `Qslow, I=2h, r=3
Qquick, I=5m
Qsmall, R=2
Qfew, J=3, I=10m
`;
const cf = `Squeuegroup
R$*@slow.test	$#slow
R$*@quick.test	$#QUICK
R$*@small.test	$#small
R$*@few.test	$#few
R$*@wrong.test	$#nosuch
R$*@refused.test	$#error $@ 4.7.1 $: "451 no"
`;

/** "quick: a@quick.test b@quick.test" */
function shown(entries: readonly QueueEntry[]): readonly string[] {
  return entries
    .map(({ group, envelope: { recipients } }) => {
      const open = recipients.filter(({ state }) => state === "todo" || state === "deferred");
      return `${group}: ${open.map(({ given }) => given).join(" ")}`;
    })
    .toSorted();
}

describe("a message that only waits", () => {
  test.each([
    ["one group", ["a@quick.test"], ["quick: a@quick.test"]],
    ["no group", ["a@far.test"], ["mqueue: a@far.test"]],
    ["a group that there is not", ["a@wrong.test"], ["mqueue: a@wrong.test"]],
    ["a ruleset that refuses", ["a@refused.test"], ["mqueue: a@refused.test"]],
    [
      "several groups",
      ["a@quick.test", "b@far.test", "c@slow.test", "d@quick.test"],
      ["mqueue: b@far.test", "quick: a@quick.test d@quick.test", "slow: c@slow.test"],
    ],
    [
      "more recipients than r=",
      "abcdefg".split("").map((user) => `${user}@slow.test`),
      ["slow: a@slow.test b@slow.test c@slow.test", "slow: d@slow.test e@slow.test f@slow.test", "slow: g@slow.test"],
    ],
  ] as const)("%s", async (_, to, wanted) => {
    queue = await SimulatedQueue.of({ cf, groups, interval: 30 * MINUTE });
    await queue.put("mail", to, { mode: "q" });
    expect(shown(queue.store.list())).toEqual(wanted);
    await queue.settled();
    expect(queue.tried).toEqual([]);
  });

  test("each part has the message, and the times of its group", async () => {
    queue = await SimulatedQueue.of({ cf, groups, interval: 30 * MINUTE });
    const { envelope } = await queue.put("mail", ["a@quick.test", "b@far.test", "c@slow.test"], { mode: "q" });
    for (const { id } of queue.store.list()) {
      const found = await queue.store.inspect(id);
      expect(found?.entry.envelope).toMatchObject({ sender: envelope.sender, headers: envelope.headers });
    }
    await queue.wait(120);
    const minutes = (to: string): number[] =>
      queue.tried.filter((each) => each.to.includes(to)).map(({ minute }) => minute);
    expect(minutes("a@quick.test").slice(0, 3)).toEqual([5, 10, 15]);
    expect(minutes("b@far.test")).toEqual([30, 60, 90, 120]);
    expect(minutes("c@slow.test")).toEqual([120]);
  });
});

test("mail that is tried when it comes is split when some of it is left, and is delivered to everybody once", async () => {
  const sent = { action: "relayed", status: "2.0.0", text: "Sent" } as const;
  const got: string[] = [];
  queue = await SimulatedQueue.of({
    cf,
    groups,
    interval: 30 * MINUTE,
    answer(host, minute, job) {
      if (minute === 0 && host !== "far.test") return {};
      got.push(...job.recipients.map(({ recipient }) => recipient.given));
      return sent;
    },
  });
  await queue.put("mail", ["a@quick.test", "b@far.test", "c@slow.test", "d@other.test"]);
  await queue.settled();
  expect(queue.tried).toHaveLength(4);
  expect(shown(queue.store.list())).toEqual(["mqueue: d@other.test", "quick: a@quick.test", "slow: c@slow.test"]);
  await queue.wait(300);
  expect(got.toSorted()).toEqual(["a@quick.test", "b@far.test", "c@slow.test", "d@other.test"]);
  expect(queue.store.list()).toEqual([]);
});

test("a mailer's Q= counts where the ruleset says nothing", async () => {
  const lines = "Mother, P=[IPC], F=mDFMuX, A=TCP $h, Q=slow\nSparse=0\nR$*	$#other $@ x.test $: $1\n";
  queue = await SimulatedQueue.of({ cf: lines, groups, interval: 30 * MINUTE });
  await queue.put("mail", ["a", "b@quick.test"], { mode: "q" });
  expect(shown(queue.store.list())).toEqual(["mqueue: b@quick.test", "slow: a"]);
});

/** Messages that are worked on until they are let go. */
async function stuck(to: string, count: number, more: object): Promise<() => number> {
  let working = 0;
  let most = 0;
  queue = await SimulatedQueue.of({
    cf,
    groups,
    interval: 30 * MINUTE,
    ...more,
    async during() {
      most = Math.max(most, ++working);
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      working--;
    },
  });
  for (let each = 0; each < count; each++) await queue.put("mail", [`u${each}@${to}`], { mode: "q" });
  return () => most;
}

describe("limits", () => {
  test("R= is how many messages of a group are worked on at once", async () => {
    const most = await stuck("small.test", 10, {});
    await queue.wait(31);
    expect(queue.tried).toHaveLength(10);
    expect(most()).toBe(2);
  });

  test("MaxQueueChildren is that of all groups, MaxRunnersPerQueue of those without R=", async () => {
    let most = await stuck("far.test", 10, { cf: `${cf}O MaxQueueChildren=4\n` });
    await queue.wait(31);
    expect([queue.tried.length, most()]).toEqual([10, 4]);
    await queue.stop();
    most = await stuck("far.test", 10, { cf: `${cf}O MaxRunnersPerQueue=3\n` });
    await queue.wait(31);
    expect([queue.tried.length, most()]).toEqual([10, 3]);
  });

  test("mail that has just come waits for none of them", async () => {
    const most = await stuck("small.test", 0, { cf: `${cf}O MaxQueueChildren=1\n` });
    for (let each = 0; each < 10; each++) await queue.put("mail", [`u${each}@small.test`]);
    await queue.settled();
    expect(most()).toBe(10);
  });

  test("J= is how many are begun between two runs", async () => {
    queue = await SimulatedQueue.of({ cf, groups, interval: 30 * MINUTE });
    for (let each = 0; each < 7; each++) await queue.put(`m${each}`, ["x@few.test"], { mode: "q" });
    await queue.wait(45, 1);
    const minutes = queue.tried.map(({ minute }) => minute);
    expect(minutes).toEqual([10, 10, 10, 20, 20, 20, 30, 30, 30, 40, 40, 40]);
    // Whoever waits longest goes first.
    expect(new Set(queue.tried.slice(0, 7).map(({ subject }) => subject)).size).toBe(7);
  });

  test("without a limit in one group the others go on", async () => {
    const most = await stuck("small.test", 6, {});
    for (let each = 0; each < 5; each++) await queue.put("other", ["x@far.test"], { mode: "q" });
    await queue.wait(31);
    expect(queue.tried).toHaveLength(11);
    expect(most()).toBeGreaterThan(2);
  });
});
