import { describe, expect, test } from "@jest/globals";
import { createAgents } from "../../../src/delivery/agents.ts";
import { MailboxLines } from "../../../src/delivery/mailbox-lines.ts";
import type { TaskResult, UserWorkers } from "../../../src/rights/task.ts";
import { testEnvironment, testJob, testMailer, testUsers } from "../../support/delivery-job.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const DONE: TaskResult = { kind: "done", status: "2.0.0", text: "" };
const LOCKED: TaskResult = { kind: "later", status: "4.2.0", text: "locked by another program" };

/** Lets everything that is ready happen. */
async function settle(): Promise<void> {
  for (let round = 0; round < 20; round++) await new Promise((resolve) => setImmediate(resolve));
}

describe("MailboxLines", () => {
  test("lets sixteen go at once, and the others one after the other, in order", async () => {
    const lines = new MailboxLines(new ManualClock());
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const all = Array.from({ length: 20 }, (_, number) =>
      lines.run(
        "/mail/ann",
        () => new Promise<number>((resolve) => ends.push(() => resolve(begun.push(number)))),
        () => true,
      ),
    );
    await settle();
    expect(ends.length).toBe(16);
    while (begun.length < 20) {
      ends[begun.length]();
      await settle();
    }
    await Promise.all(all);
    expect(begun).toEqual([...begun].toSorted((a, b) => a - b));
  });

  test("sends the line of a stuck mailbox away, tries it again, and forgets that it was stuck", async () => {
    const clock = new ManualClock();
    const lines = new MailboxLines(clock);
    const ends: ((result: TaskResult) => void)[] = [];
    const one = () =>
      lines.run(
        "/mail/ann",
        () => new Promise<TaskResult>((resolve) => ends.push(resolve)),
        ({ kind }) => kind === "done",
      );
    const first = Array.from({ length: 30 }, one);
    await settle();
    clock.advance(20_000);
    expect((await Promise.all(first.slice(16))).every((result) => result === undefined)).toBe(true);
    expect(await one()).toBeUndefined();
    for (const end of ends.splice(0)) end(LOCKED);
    await Promise.all(first.slice(0, 16));
    const next = one();
    await settle();
    ends[0](DONE);
    expect(await next).toBe(DONE);
  });
});

test("who holds the lock of his own mailbox keeps nobody else waiting", async () => {
  const clock = new ManualClock();
  const held: ((result: TaskResult) => void)[] = [];
  const workers: UserWorkers = {
    run: (_who, _task, { path }) =>
      path === "/mail/bob" ? Promise.resolve(DONE) : new Promise((resolve) => held.push(resolve)),
    close: () => Promise.resolve(),
  };
  const users = testUsers([{ name: "ann" }, { name: "bob" }]);
  const agents = createAgents(testEnvironment({ users, workers, clock }));
  const mailer = testMailer({ name: "local", path: "[LOCAL]", argv: ["LOCAL", "mbox:/mail/\u0081u"], flags: "lsw" });
  const to = (user: string) => agents.agentFor(mailer).deliver(testJob({ host: "", users: [user], mailer }));
  const stuck = Array.from({ length: 1_500 }, () => to("ann"));
  await settle();
  expect((await to("bob")).statuses.get(0)).toMatchObject({ action: "delivered" });
  clock.advance(20_000);
  const away = await Promise.all(stuck.slice(16));
  expect(away.map(({ statuses }) => statuses.get(0)?.status)).toEqual(away.map(() => "4.2.0"));
  for (const end of held) end(LOCKED);
  await Promise.all(stuck);
  await agents.close();
});
