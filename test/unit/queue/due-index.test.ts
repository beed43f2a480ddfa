import { expect, test } from "@jest/globals";
import { DueIndex, type WaitingPlace } from "../../../src/queue/due-index.ts";

interface Waiting extends WaitingPlace {
  readonly due: number;
  readonly priority: number;
  readonly order: number;
}

/** What it must do, done slowly. */
class Plain {
  readonly #nodes = new Map<string, Waiting>();
  readonly #blocked = new Set<string>();
  #order = 0;

  put(id: string, due: number, priority: number, place: WaitingPlace): void {
    this.#nodes.set(id, { due, priority, order: this.#nodes.get(id)?.order ?? this.#order++, ...place });
  }

  drop(id: string): void {
    this.#nodes.delete(id);
  }

  block(destination: string, blocked: boolean): void {
    if (blocked) this.#blocked.add(destination);
    else this.#blocked.delete(destination);
  }

  first(now: number, only?: string): string | undefined {
    const ready = [...this.#nodes].filter(([, each]) => (only ?? each.lane) === each.lane && this.#ready(each) <= now);
    return ready.toSorted(([, a], [, b]) => a.due - b.due || a.priority - b.priority || a.order - b.order)[0]?.[0];
  }

  next(only?: string): number {
    const lane = [...this.#nodes.values()].filter((each) => (only ?? each.lane) === each.lane);
    return Math.min(...lane.map((each) => this.#ready(each)));
  }

  get lanes(): readonly string[] {
    return [...new Set([...this.#nodes.values()].map(({ lane }) => lane))].toSorted();
  }

  #ready({ due, notice, destination }: Waiting): number {
    return this.#blocked.has(destination) ? Math.max(due, notice) : due;
  }
}

test("gives what a plain list would give, whatever is put, moved, dropped and blocked", () => {
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 60; round++) {
    const [index, plain] = [new DueIndex(0), new Plain()];
    let now = 0;
    for (let step = 0; step < 200; step++) {
      const id = `m${random(25)}`;
      const [destination, lane] = [`d${random(6)}`, `g${random(3)}`];
      const act = random(10);
      if (act < 5) {
        const [due, priority] = [now + random(20) - 5, random(3)];
        const place = { destination, lane, notice: random(2) === 0 ? Infinity : now + random(40) - 10 };
        index.put(id, due, priority, place);
        plain.put(id, due, priority, place);
      } else if (act === 5) {
        index.drop(id);
        plain.drop(id);
      } else if (act < 8) {
        index.block(destination, act === 6);
        plain.block(destination, act === 6);
      } else {
        now += random(5);
        const only = act === 8 ? lane : undefined;
        const wanted = plain.first(now, only);
        expect(index.take(now, only)).toBe(wanted);
        if (wanted !== undefined) plain.drop(wanted);
      }
      // A line that is left out may be looked through in vain, never too late.
      expect(index.next() ?? Infinity).toBeLessThanOrEqual(plain.next());
      expect(index.next(lane) ?? Infinity).toBeLessThanOrEqual(plain.next(lane));
      expect(index.lanes.toSorted()).toEqual(plain.lanes);
    }
  }
});

const at = (destination: string, lane = "", notice = Infinity): WaitingPlace => ({ destination, lane, notice });

test("tells of what is due sooner than before, also when a destination is free again", () => {
  const index = new DueIndex();
  let told = 0;
  index.watch(() => told++);
  index.put("a", 10, 0, at("x"));
  index.put("b", 20, 0, at("y"));
  expect(told).toBe(1);
  index.block("x", true);
  expect([index.next(), told]).toEqual([20, 1]);
  index.put("c", 5, 0, at("x"));
  expect([index.next(), told]).toEqual([20, 1]);
  index.block("x", false);
  expect([index.next(), told]).toEqual([5, 2]);
  index.put("d", 30, 0, at("x", "slow"));
  expect([index.next("slow"), told]).toEqual([30, 3]);
});

test("a line that is left out is looked through when a notice is due, not for each of them", () => {
  const index = new DueIndex(10);
  index.block("x", true);
  for (let each = 0; each < 4; each++) index.put(`m${each}`, each, 0, at("x", "", 100 + each));
  expect([index.next(), index.take(99), index.take(101), index.take(101), index.take(102)]).toEqual([
    100,
    undefined,
    "m0",
    "m1",
    undefined,
  ]);
  expect([index.next(), index.take(111), index.take(111)]).toEqual([111, "m2", "m3"]);
  expect(index.next()).toBeUndefined();
});
