/** What every Scheduler does. */
import { describe, expect, test } from "@jest/globals";
import type { QueueEntry } from "../../src/queue/queue.ts";
import type { Scheduler } from "../../src/queue/scheduler.ts";
import { TimerScheduler } from "../../src/queue/timer-scheduler.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { envelope } from "../support/queue-samples.ts";

function entry(id: string, nextTry: number, priority = 0, more: Partial<QueueEntry> = {}): QueueEntry {
  return { id, envelope: envelope(id), group: "mqueue", priority, attempts: 0, nextTry, ...more };
}

interface Bench {
  readonly clock: ManualClock;
  readonly scheduler: Scheduler;
  /** What `now(filter)` finds. */
  readonly entries: QueueEntry[];
  /** Ids given out since the last call. */
  readonly taken: () => Promise<string[]>;
}

function bench(): Bench {
  const clock = new ManualClock(0);
  const entries: QueueEntry[] = [];
  const scheduler: Scheduler = new TimerScheduler(clock, (filter) =>
    entries.filter(({ id }) => filter.id === undefined || id.includes(filter.id)),
  );
  const given: string[] = [];
  void (async () => {
    for await (const id of scheduler.due()) given.push(id);
    given.push("end");
  })();
  return {
    clock,
    scheduler,
    entries,
    taken: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return given.splice(0);
    },
  };
}

describe("TimerScheduler", () => {
  test("gives ids when they are due, by time and then priority", async () => {
    const { clock, scheduler, taken } = bench();
    scheduler.add(entry("late", 300));
    expect(await taken()).toEqual([]);
    scheduler.add(entry("b", 100, 7));
    scheduler.add(entry("a", 100, 3));
    scheduler.add(entry("c", 99, 9));
    clock.advance(98);
    expect(await taken()).toEqual([]);
    clock.advance(2);
    expect(await taken()).toEqual(["c", "a", "b"]);
    clock.advance(1000);
    expect(await taken()).toEqual(["late"]);
  });

  test("equal ones come first in, first out", async () => {
    const { clock, scheduler, taken } = bench();
    const ids = Array.from({ length: 50 }, (_, number) => `m${number}`);
    for (const id of ids) scheduler.add(entry(id, 10));
    clock.advance(10);
    expect(await taken()).toEqual(ids);
  });

  test("update() moves an id forward and back, forget() drops it", async () => {
    const { clock, scheduler, taken } = bench();
    for (const id of ["a", "b", "c", "d"]) scheduler.add(entry(id, 50));
    scheduler.update(entry("b", 500));
    scheduler.update(entry("c", 20));
    scheduler.forget("a");
    scheduler.forget("unknown");
    clock.advance(20);
    expect(await taken()).toEqual(["c"]);
    clock.advance(100);
    expect(await taken()).toEqual(["d"]);
    clock.advance(1000);
    expect(await taken()).toEqual(["b"]);
  });

  test("an id that was given comes again only after update()", async () => {
    const { clock, scheduler, taken } = bench();
    scheduler.add(entry("a", 0));
    expect(await taken()).toEqual(["a"]);
    clock.advance(1000);
    expect(await taken()).toEqual([]);
    scheduler.update(entry("a", 1500));
    clock.advance(500);
    expect(await taken()).toEqual(["a"]);
  });

  test("now() makes matching ids due and counts those it knows", async () => {
    const { clock, scheduler, entries, taken } = bench();
    entries.push(entry("x1", 5000), entry("x2", 6000), entry("y", 7000), entry("x-claimed", 0));
    for (const each of entries.slice(0, 3)) scheduler.add(each);
    expect(scheduler.now({ id: "x" })).toBe(2);
    expect(await taken()).toEqual(["x1", "x2"]);
    expect(scheduler.now()).toBe(1);
    expect(await taken()).toEqual(["y"]);
    clock.advance(10_000);
    expect(await taken()).toEqual([]);
  });

  test("held messages are never due", async () => {
    const { clock, scheduler, taken } = bench();
    scheduler.add(entry("a", 0, 0, { hold: "odd" }));
    clock.advance(10);
    expect(await taken()).toEqual([]);
  });

  test("keeps its order through many random changes", async () => {
    const { clock, scheduler, taken } = bench();
    const times = new Map<string, number>();
    let seed = 42;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 3000; round++) {
      const id = `m${random(200)}`;
      if (random(4) === 0) {
        scheduler.forget(id);
        times.delete(id);
      } else {
        const due = 1 + random(1000);
        scheduler.update(entry(id, due));
        times.set(id, due);
      }
    }
    clock.advance(1000);
    const given = await taken();
    expect(given.toSorted()).toEqual([...times.keys()].toSorted());
    const order = given.map((id) => times.get(id)!);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  test("close() ends the iteration, also for one who comes later", async () => {
    const { scheduler, taken } = bench();
    expect(await taken()).toEqual([]);
    scheduler.close();
    expect(await taken()).toEqual(["end"]);
    const iterator = scheduler.due()[Symbol.asyncIterator]();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    scheduler.add(entry("a", 0));
  });
});
