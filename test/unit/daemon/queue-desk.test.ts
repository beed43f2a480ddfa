import { beforeEach, describe, expect, test } from "@jest/globals";
import { type QueueLooks, queueChanges, queueLooks } from "../../../src/daemon/queue-desk.ts";
import type { SteerEnvironment } from "../../../src/dispatch/steer.ts";
import { MemoryStore } from "../../../src/queue/memory-store.ts";
import { eachEntry } from "../../../src/queue/each-entry.ts";
import { type QueueStore, QueueUnavailableError } from "../../../src/queue/queue.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { put, recipient } from "../../support/queue-samples.ts";

const clock = new ManualClock();
let store: MemoryStore;
let logged: string[];

beforeEach(() => {
  store = new MemoryStore(clock);
  logged = [];
});

function changes(): ReturnType<typeof queueChanges> {
  const log = {
    enabled: () => true,
    write: (_level: number, { id, text }: { id?: string; text: string }) => void logged.push(`${id} ${text}`),
  };
  // Hold, release and remove ask for nothing else.
  return queueChanges({ store, log, clock } as unknown as SteerEnvironment);
}

function looks(): QueueLooks {
  return queueLooks({
    store,
    site: () => undefined,
    whyNot: ({ hold }) => (hold === undefined ? "busy host" : undefined),
  });
}

describe("queueChanges()", () => {
  test("holds, releases and removes what matches, and writes each into the log", async () => {
    const one = await put(store, "x\r\n");
    const two = await put(store, "y\r\n", { sender: "other@a.test" });
    expect(await changes().hold({ sender: [{ text: "anna" }] }, "look\nat it")).toEqual({ done: 1, left: [] });
    expect(store.get(one.id)?.hold).toBe("look\nat it");
    expect(await changes().release({})).toEqual({ done: 1, left: [] });
    expect(await changes().remove({ ids: [two.id, "5AKJNo00000000"] })).toEqual({ done: 1, left: [] });
    expect(logged.map((line) => line.replace("\n", "?"))).toEqual([
      `${one.id} held: look?at it by the operator`,
      `${one.id} released by the operator`,
      `${two.id} removed by the operator`,
    ]);
  });

  test.each(["hold", "remove"] as const)("%s tells how many were done when the disk takes no more", async (what) => {
    const ids: string[] = [];
    for (let number = 0; number < 5; number++) ids.push((await put(store, "x\r\n")).id);
    const works: (id: string, reason: string) => Promise<boolean> = store[what].bind(store);
    const full = (id: string, reason: string): Promise<boolean> =>
      ids.indexOf(id) < 2 ? works(id, reason) : Promise.reject(new QueueUnavailableError(`ENOSPC: tf${id}`));
    Object.assign(store, { [what]: full });
    const { done, left } = await (what === "hold" ? changes().hold({}, "no") : changes().remove({}));
    expect([done, left]).toEqual([2, ids.slice(2).map((id) => ({ id, why: `ENOSPC: tf${id}` }))]);
    expect(logged).toHaveLength(2);
  });

  test("waits for the end of an attempt, and says of each message why it could not be changed", async () => {
    const { id } = await put(store, "x\r\n");
    const claim = store.claim(id)!;
    const asked = changes().bounce({ recipient: [{ text: "bob" }] }, "no");
    for (let ms = 0; ms <= 15_000; ms += 250) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(250);
    }
    expect(await asked).toEqual({
      done: 0,
      left: [{ id, why: "it is being delivered just now" }],
    });
    const again = changes().bounce({ ids: [id] }, "no");
    await new Promise((resolve) => setImmediate(resolve));
    store.settle(claim, { recipients: [{ index: 0, state: "delivered" }] });
    store.finish(claim);
    clock.advance(250);
    expect(await again).toEqual({ done: 0, left: [{ id, why: "it is no longer in the queue" }] });
  });
});

describe("queueLooks()", () => {
  test("tells of a message whether it is claimed and why it waits, and gives its body", async () => {
    const { id } = await put(store, "x\r\n");
    store.claim(id);
    const shown = (await looks().show(id))!;
    expect(shown.message).toMatchObject({ entry: { id }, claimed: true, waits: "busy host" });
    expect(shown.message.entry.envelope.headers.length).toBeGreaterThan(0);
    expect((await shown.body.bytes())?.toString()).toBe("x\r\n");
    expect(await looks().show("5AKJNo00000000")).toBeUndefined();
    expect(await looks().why("5AKJNo00000000", {})).toBeUndefined();
    const why = (await looks().why(id, {}))!;
    expect(why).toMatchObject({ entry: { id, envelope: { headers: [] } }, routes: {}, unexplained: 1 });
  });

  test("counts only the recipients that the filter names", async () => {
    await put(store, "x\r\n", { recipients: ["a@b.test", "b@b.test"].map((each) => recipient(each)) });
    expect(await looks().top({ recipient: [{ text: "a@" }] }, ["destination"], 10)).toMatchObject({ recipients: 1 });
  });
});

test("eachEntry() gives each message once, part by part, also when the last of a part is gone", async () => {
  const ids: string[] = [];
  for (let count = 0; count < 2500; count++) ids.push((await put(store, "")).id);
  let parts = 0;
  const counting: Pick<QueueStore, "list" | "get"> = {
    get: (id) => store.get(id),
    list: (filter, page) => {
      parts++;
      if (page?.after !== undefined && parts === 2) void store.remove(page.after);
      return store.list(filter, page);
    },
  };
  const given: string[] = [];
  for await (const { id } of eachEntry(counting, {})) given.push(id);
  expect(given.toSorted()).toEqual(ids.toSorted());
  const some: string[] = [];
  const filter = { ids: [ids[7], "5AKJNo00000000", ids[3], ids[7]], held: false };
  for await (const { id } of eachEntry(store, filter)) some.push(id);
  expect(some).toEqual([ids[7], ids[3]]);
});
