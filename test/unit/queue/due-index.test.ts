import { isDeepStrictEqual } from "node:util";
import { expect, test } from "@jest/globals";
import { DueIndex, type WaitingPlace } from "../../../src/queue/due-index.ts";
import { IdTable, NONE } from "../../../src/queue/id-table.ts";

/** The index by ids instead of rows; a row is given back when its message waits no more. */
class Named {
  readonly ids = new IdTable();
  readonly index: DueIndex;

  constructor(lookAgain?: number) {
    this.index = new DueIndex(this.ids, lookAgain);
  }

  put(id: string, due: number, priority: number, place: WaitingPlace): void {
    const row = this.ids.find(id);
    this.index.put(row === NONE ? this.ids.add(id) : row, due, priority, place);
  }

  drop(id: string): void {
    const row = this.ids.find(id);
    if (row === NONE) return;
    this.index.drop(row);
    this.ids.drop(row);
  }

  take(now: number, lane?: string): string | undefined {
    const row = this.index.take(now, lane);
    if (row === undefined) return undefined;
    const id = this.ids.id(row);
    this.ids.drop(row);
    return id;
  }
}

interface Waiting extends WaitingPlace {
  readonly due: number;
  readonly priority: number;
}

/** What it must do, done slowly. */
class Plain {
  readonly #nodes = new Map<string, Waiting>();
  readonly #blocked = new Set<string>();

  put(id: string, due: number, priority: number, place: WaitingPlace): void {
    this.#nodes.set(id, { due, priority, ...place });
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
    return ready.toSorted(
      ([m, a], [n, b]) => a.due - b.due || a.priority - b.priority || m.localeCompare(n, "en"),
    )[0]?.[0];
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
  // 50,000 calls of expect() take longer than all else.
  const wrong: string[] = [];
  for (let round = 0; round < 60; round++) {
    const [named, plain] = [new Named(0), new Plain()];
    const { index } = named;
    let now = 0;
    for (let step = 0; step < 200; step++) {
      const id = `m${random(25)}`;
      const [destination, lane] = [`d${random(6)}`, `g${random(3)}`];
      const act = random(10);
      if (act < 5) {
        const [due, priority] = [now + random(20) - 5, random(3)];
        const place = { destination, lane, notice: random(2) === 0 ? Infinity : now + random(40) - 10 };
        named.put(id, due, priority, place);
        plain.put(id, due, priority, place);
      } else if (act === 5) {
        named.drop(id);
        plain.drop(id);
      } else if (act < 8) {
        index.block(destination, act === 6);
        plain.block(destination, act === 6);
      } else {
        now += random(5);
        const only = act === 8 ? lane : undefined;
        const wanted = plain.first(now, only);
        if (named.take(now, only) !== wanted) wrong.push(`${wanted} in step ${step} of ${round}`);
        if (wanted !== undefined) plain.drop(wanted);
      }
      // A line that is left out may be looked through in vain, never too late.
      const early = (only?: string): boolean => (index.next(only) ?? Infinity) <= plain.next(only);
      if (!early() || !early(lane)) wrong.push(`too late in step ${step} of ${round}`);
      if (!isDeepStrictEqual(index.lanes.toSorted(), plain.lanes)) wrong.push(`lanes in step ${step} of ${round}`);
    }
  }
  expect(wrong).toEqual([]);
});

const at = (destination: string, lane = "", notice = Infinity): WaitingPlace => ({ destination, lane, notice });

test("tells of what is due sooner than before, also when a destination is free again", () => {
  const named = new Named();
  const { index } = named;
  let told = 0;
  index.watch(() => told++);
  named.put("a", 10, 0, at("x"));
  named.put("b", 20, 0, at("y"));
  expect(told).toBe(1);
  index.block("x", true);
  expect([index.next(), told]).toEqual([20, 1]);
  named.put("c", 5, 0, at("x"));
  expect([index.next(), told]).toEqual([20, 1]);
  index.block("x", false);
  expect([index.next(), told]).toEqual([5, 2]);
  named.put("d", 30, 0, at("x", "slow"));
  expect([index.next("slow"), told]).toEqual([30, 3]);
});

test("a line that is left out is looked through when a notice is due, not for each of them", () => {
  const named = new Named(10);
  const { index } = named;
  index.block("x", true);
  for (let each = 0; each < 4; each++) named.put(`m${each}`, each, 0, at("x", "", 100 + each));
  expect([index.next(), named.take(99), named.take(101), named.take(101), named.take(102)]).toEqual([
    100,
    undefined,
    "m0",
    "m1",
    undefined,
  ]);
  expect([index.next(), named.take(111), named.take(111)]).toEqual([111, "m2", "m3"]);
  expect(index.next()).toBeUndefined();
});
