import { describe, expect, test } from "@jest/globals";
import { QueueIds } from "../../../src/queue/queue-id.ts";
import { ManualClock } from "../../support/manual-clock.ts";

describe("QueueIds", () => {
  test("tells the time as sendmail's ids do", () => {
    const ids = new QueueIds(new ManualClock(Date.UTC(2026, 10, 20, 19, 27, 52)), () => false, 19_925);
    expect(ids.next()).toBe("6AKJRq00019925");
    expect(ids.next()).toBe("6AKJRq01019925");
  });

  test("never repeats: not in a busy second, not when the clock goes back", () => {
    const clock = new ManualClock(Date.UTC(2026, 10, 20));
    const ids = new QueueIds(clock);
    const seen = new Set<string>();
    for (let number = 0; number < 10_000; number++) seen.add(ids.next());
    clock.advance(-5000);
    for (let number = 0; number < 10_000; number++) seen.add(ids.next());
    clock.advance(6000);
    for (let number = 0; number < 10_000; number++) seen.add(ids.next());
    expect(seen.size).toBe(30_000);
    expect([...seen].filter((id) => !/^[0-9A-Za-x]{8}\d{6}$/.test(id))).toEqual([]);
  });

  test("passes over ids that are in the queue from before", () => {
    const clock = new ManualClock();
    const before = new QueueIds(clock, () => false, 1);
    const taken = new Set([before.next(), before.next()]);
    const after = new QueueIds(clock, (id) => taken.has(id), 1);
    expect(taken.has(after.next())).toBe(false);
  });
});
