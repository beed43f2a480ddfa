/** What every Scheduler does, over a store that answers at once and over those that answer late or share their messages. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { MemoryStore } from "../../src/queue/memory-store.ts";
import type { Claim, QueueStore } from "../../src/queue/queue.ts";
import { TimerScheduler } from "../../src/queue/timer-scheduler.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { lateStore, sharedStore } from "../support/other-stores.ts";
import { deferred, delivered, put } from "../support/queue-samples.ts";

const stores: Readonly<Record<string, (clock: ManualClock) => QueueStore>> = {
  "a store in memory": (clock) => new MemoryStore(clock),
  "a store that answers late": lateStore,
  "a store that others work on, too": sharedStore,
};

let close: () => void = () => undefined;
afterEach(() => close());

interface Bench {
  readonly clock: ManualClock;
  readonly store: QueueStore;
  readonly scheduler: TimerScheduler;
  /** Claims given out since the last call. */
  readonly taken: () => Promise<Claim[]>;
  /** The senders of what was given out. */
  readonly names: () => Promise<string[]>;
  readonly add: (name: string, nextTry: number, messageClass?: number, hold?: string) => Promise<string>;
}

async function turns(count = 30): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function bench(make: (clock: ManualClock) => QueueStore): Bench {
  const clock = new ManualClock(0);
  const store = make(clock);
  const scheduler = new TimerScheduler(clock, store);
  close = () => scheduler.close();
  const given: Claim[] = [];
  void (async () => {
    for (let claim = await scheduler.next(); claim !== undefined; claim = await scheduler.next()) given.push(claim);
  })();
  const taken = async (): Promise<Claim[]> => {
    await turns();
    return given.splice(0);
  };
  return {
    clock,
    store,
    scheduler,
    taken,
    names: async () => (await taken()).map(({ entry }) => entry.envelope.sender),
    add: async (sender, nextTry, messageClass = 0, hold?: string) =>
      (await put(store, "", { sender, messageClass }, { nextTry, ...(hold === undefined ? {} : { hold }) })).id,
  };
}

describe.each(Object.keys(stores))("TimerScheduler over %s", (name) => {
  const shared = name === "a store that others work on, too";
  /** Where others take messages for a moment, the order is not ours alone. */
  const inOrder = (names: readonly string[]): readonly string[] => (shared ? names.toSorted() : names);

  /** Time goes on in steps, as it does while a shared store says "somebody else". */
  async function pass(clock: ManualClock, ms: number): Promise<void> {
    clock.advance(ms);
    if (!shared) return;
    for (let round = 0; round < 8; round++) {
      await turns(5);
      clock.advance(0);
    }
  }

  test("gives messages when they are due, by time and then priority", async () => {
    const { clock, names, add } = bench(stores[name]);
    await add("late", 30_000);
    expect(await names()).toEqual([]);
    await add("b", 10_000, 1);
    await add("a", 10_000, 2);
    await add("c", 9_999);
    await pass(clock, 9_000);
    expect(await names()).toEqual([]);
    await pass(clock, 3_000);
    expect(inOrder(await names())).toEqual(inOrder(["c", "a", "b"]));
    await pass(clock, 100_000);
    expect(await names()).toEqual(["late"]);
  });

  test("what was given comes again only when it was given back, at its next time", async () => {
    const { clock, store, taken, names, add } = bench(stores[name]);
    await add("a", 0);
    await pass(clock, 2_000);
    const [claim] = await taken();
    await pass(clock, 5_000);
    expect(await names()).toEqual([]);
    await store.settle(claim, { recipients: [{ index: 0, state: "deferred", status: deferred }], nextTry: 20_000 });
    await store.finish(claim);
    await pass(clock, 1_000);
    expect(await names()).toEqual([]);
    await pass(clock, 15_000);
    const [again] = await taken();
    await store.settle(again, { recipients: [{ index: 0, state: "delivered", status: delivered }] });
    await store.finish(again);
    await pass(clock, 100_000);
    expect(await names()).toEqual([]);
  });

  test("a queue run on demand makes matching messages due", async () => {
    const { clock, store, names, add } = bench(stores[name]);
    const x = await add("x", 5_000_000);
    await add("y", 7_000_000);
    expect(await store.hurry({ ids: [x] })).toBe(1);
    await pass(clock, 2_000);
    // Where others were first, they have tried it.
    if (!shared) expect(await names()).toEqual(["x"]);
    expect(await store.nextDue()).toBeGreaterThanOrEqual(shared ? 5_000_000 : 7_000_000);
  });

  test("held messages are never due, released ones are", async () => {
    const { clock, store, names, add } = bench(stores[name]);
    const id = await add("a", 0, 0, "odd");
    await pass(clock, 10_000);
    expect(await names()).toEqual([]);
    await store.release(id);
    await pass(clock, 3_000);
    expect(await names()).toEqual(["a"]);
  });

  test("many at random times come in their order, each once", async () => {
    const { clock, names, add } = bench(stores[name]);
    let seed = 42;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const times = new Map<string, number>();
    for (let number = 0; number < 60; number++) {
      const due = 10_000 + random(10_000);
      times.set(`m${number}`, due);
      await add(`m${number}`, due);
    }
    await pass(clock, 30_000);
    const given: string[] = [];
    for (let round = 0; round < 120 && given.length < 60; round++) {
      await pass(clock, shared ? 1_000 : 0);
      given.push(...(await names()));
    }
    expect(given.toSorted()).toEqual([...times.keys()].toSorted());
    if (shared) return;
    const order = given.map((id) => times.get(id)!);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  test("close() ends the waiting, also for one who asks later", async () => {
    const { scheduler, names } = bench(stores[name]);
    expect(await names()).toEqual([]);
    scheduler.close();
    expect(await scheduler.next()).toBeUndefined();
  });
});
