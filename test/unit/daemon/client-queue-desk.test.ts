/** Mail in the client queue that an operator returns or sends another way: real files, and a server without network. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { clientQueueChanges } from "../../../src/daemon/client-queue-desk.ts";
import { ClientQueueCollector } from "../../../src/daemon/client-queue-collector.ts";
import { returnUnqueued } from "../../../src/dispatch/steer.ts";
import type { Envelope } from "../../../src/envelope/envelope.ts";
import { silentLog } from "../../../src/log/log.ts";
import { reply } from "../../../src/mail/reply.ts";
import { ClientOperator } from "../../../src/queue/client-operator.ts";
import { ClientQueue } from "../../../src/queue/client-queue.ts";
import { SimulatedQueue } from "../../support/simulated-queue.ts";
import { ownFiles } from "../../support/user-files.ts";
import { envelope } from "../../support/queue-samples.ts";

let folder: string;
let queue: SimulatedQueue;
let collector: ClientQueueCollector;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rulemail-client-desk-"));
});

afterEach(async () => {
  await queue.stop();
  rmSync(folder, { recursive: true });
});

async function start(cf = ""): Promise<ReturnType<typeof clientQueueChanges>> {
  queue = await SimulatedQueue.of({ cf, interval: undefined, connects: true });
  const { site, intake } = queue;
  collector = new ClientQueueCollector({
    folder,
    log: silentLog,
    accounts: { find: () => undefined, findById: () => undefined },
    environment: () => ({ site, files: ownFiles, intake }),
    retryAfter: 60_000,
    giveBack: (entry, body, reason) => returnUnqueued(queue.steering(), entry, body, reason),
    clock: queue.clock,
  });
  return clientQueueChanges(collector, queue.steering());
}

/** A message to these users that a program has left. */
async function leave(to: readonly string[], more: Partial<Envelope> = {}, body = "hello\r\n"): Promise<string> {
  const draft = new ClientQueue(folder).draft();
  await draft.write(Buffer.from(body));
  const recipients = to.map((given) => ({ given, state: "todo" }) as const);
  const headers = [
    { name: "Subject", value: " left" },
    { name: "Bcc", value: " secret@far.test" },
  ];
  await draft.commit(envelope(draft.id, { sender: "anna@home.test", recipients, headers, ...more }));
  return draft.id;
}

const hold = (id: string): Promise<boolean> => new ClientOperator(folder).hold(id, "odd");

/** What was tried and reported: "Returned mail ... > anna@home.test". */
async function tries(): Promise<readonly string[]> {
  await queue.settled();
  return queue.tried
    .map(({ subject, to, mailer }) => `${mailer}: ${subject.slice(0, 13)} > ${to.join(" ")}`)
    .toSorted();
}

/** What waits: "held: a@far.test open". */
const waiting = (): readonly string[] =>
  queue.store
    .list()
    .filter(({ envelope: { isReport } }) => !isReport)
    .map((entry) => {
      const open = entry.envelope.recipients.filter(({ state }) => state === "todo" || state === "deferred");
      return `${entry.hold ?? ""}: ${open.map(({ given }) => given).join(" ")}`;
    })
    .toSorted();

describe("bounce", () => {
  test("the sender gets a report, and the message is in no queue any more; others stay", async () => {
    const desk = await start();
    const [one, two] = [await leave(["a@far.test", "b@far.test"]), await leave(["c@far.test"])];
    for (const id of [one, two]) await hold(id);
    expect(await desk.bounceClient({ ids: [one, "5AKJNo"] }, "gone away")).toEqual({
      done: 1,
      left: [{ id: "5AKJNo", why: "it is no longer in the client queue" }],
    });
    expect(await tries()).toEqual(["esmtp: Returned mail > anna@home.test"]);
    expect(waiting()).toEqual([]);
    expect(readdirSync(folder).toSorted()).toEqual([`df${two}`, `hf${two}`]);
  });

  test("of some recipients: the others get their mail, unless it is held", async () => {
    const desk = await start();
    for (const held of [false, true]) {
      const id = await leave(["a@far.test", "b@near.test"]);
      if (held) await hold(id);
      expect(await desk.bounceClient({ ids: [id], host: [{ text: "far.test" }] }, "gone")).toMatchObject({ done: 1 });
    }
    expect(await tries()).toEqual([
      "esmtp: Returned mail > anna@home.test",
      "esmtp: Returned mail > anna@home.test",
      "esmtp: left > b@near.test",
    ]);
    expect(waiting()).toEqual([": b@near.test", "odd: b@near.test"]);
  });

  test("what the server refuses goes back whole; only then is it removed", async () => {
    const desk = await start("O MaxMessageSize=400\n");
    const large = `${"x".repeat(500)}\r\n`;
    const [one, two] = [await leave(["a@far.test", "b@near.test"], {}, large), await leave(["a@far.test"], {}, large)];
    const some = await desk.bounceClient({ ids: [one], host: [{ text: "far.test" }] }, "gone");
    expect(some).toEqual({ done: 0, left: [{ id: one, why: expect.stringMatching(/^552 .*exceeds maximum/) }] });
    const begin = queue.intake.begin.bind(queue.intake);
    queue.intake.begin = async (transaction) => {
      const incoming = await begin(transaction);
      if (!transaction.announced.isReport) return incoming;
      incoming.abort();
      return {
        id: "r",
        write: () => undefined,
        abort: () => undefined,
        finish: async () => ({ code: 452, lines: [] }),
      };
    };
    expect(await desk.bounceClient({ ids: [two] }, "gone")).toMatchObject({
      done: 0,
      left: [{ id: two, why: expect.stringMatching(/cannot queue the report/) }],
    });
    queue.intake.begin = begin;
    expect(readdirSync(folder)).toHaveLength(4);
    expect(await desk.bounceClient({ ids: [two] }, "gone")).toEqual({ done: 1, left: [] });
    const [report] = queue.store.list();
    const found = await queue.store.inspect(report.id);
    const text = (await found!.body.bytes())!.toString("latin1");
    expect(text).toMatch(/gone \(the server refused it: 552 [^]*exceeds maximum/);
    expect(text).not.toContain("secret@far.test");
    expect(await tries()).toEqual(["esmtp: Returned mail > anna@home.test"]);
    expect(readdirSync(folder).toSorted()).toEqual([`df${one}`, `qf${one}`]);
  });
});

describe("reroute", () => {
  const via = { kind: "host", host: "hub.test", mailer: "dear" } as const;

  test("the message enters the queue, and goes the other way; what was held is held there", async () => {
    const desk = await start();
    const [one, two] = [await leave(["a@far.test"]), await leave(["b@far.test", "c@near.test"])];
    await hold(two);
    expect(await desk.rerouteClient({ ids: [one, two], sender: [{ text: "anna" }] }, via)).toEqual({
      done: 2,
      left: [],
    });
    expect(await tries()).toEqual(["dear: left > a@far.test"]);
    expect(waiting()).toEqual([": a@far.test", "odd: b@far.test c@near.test"]);
    const [held] = queue.store.list({ held: true });
    expect(held.envelope.recipients.map(({ rerouted }) => rerouted?.host)).toEqual(["hub.test", "hub.test"]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a route that cannot be leaves everything where it is", async () => {
    const desk = await start();
    await leave(["a@far.test"]);
    await expect(desk.rerouteClient({}, { ...via, mailer: "nosuch" })).rejects.toThrow("no mailer nosuch");
    expect([waiting(), readdirSync(folder).length]).toEqual([[], 2]);
  });

  test.each([
    ["all of its recipients: it is left to them", {}, 2, "250 2.0.0 discarded"],
    ["the whole message: the operator hears of it", { id: "5AKJ" }, 0, "a rule threw it away as 5AKJ"],
  ])("rules throw away %s", async (_, known, files, why) => {
    await start();
    const discards = {
      offer: collector.offer.bind(collector),
      submit: async () => ({ reply: reply(250, "2.0.0", "discarded"), refused: [], ...known }),
    };
    const id = await leave(["a@far.test"]);
    const desk = clientQueueChanges(discards, queue.steering());
    expect(await desk.rerouteClient({ ids: [id] }, via)).toEqual({ done: 0, left: [{ id, why }] });
    expect([waiting(), readdirSync(folder).length]).toEqual([[], files]);
  });

  test("a route that is in the user's own file is none", async () => {
    const desk = await start();
    const rerouted = { mailer: "dear", host: "evil.test" };
    const id = await leave([], { recipients: [{ given: "a@far.test", state: "todo", rerouted }] });
    expect(await desk.rerouteClient({ ids: [id] }, { kind: "address", address: "b@near.test" })).toMatchObject({
      done: 1,
    });
    expect(await tries()).toEqual(["esmtp: left > b@near.test"]);
  });

  test("one that no mail to this recipient can go: it is held in the queue, and named", async () => {
    const desk = await start();
    const id = await leave(["x@far.test"]);
    const claim = queue.store.claim.bind(queue.store);
    queue.store.claim = () => {
      throw new Error("disk failed");
    };
    const { done, left } = await desk.rerouteClient({ ids: [id] }, via);
    queue.store.claim = claim;
    const [entry] = queue.store.list();
    expect([done, left]).toEqual([0, [{ id, why: `it is ${entry.id} now, held in the queue: disk failed` }]]);
    expect(entry.hold).toBe("taken over from the client queue by the operator");
    expect(await tries()).toEqual([]);
  });
});

test("a collection waits for the operator's work, and comes after it", async () => {
  const desk = await start();
  const [one, two] = [await leave(["a@far.test"]), await leave(["b@far.test"])];
  const bounced = desk.bounceClient({ ids: [one] }, "gone");
  const collected = collector.collect();
  expect(await bounced).toEqual({ done: 1, left: [] });
  await collected;
  expect(await tries()).toEqual(["esmtp: Returned mail > anna@home.test", "esmtp: left > b@far.test"]);
  expect([two, readdirSync(folder)]).toEqual([two, []]);
});
