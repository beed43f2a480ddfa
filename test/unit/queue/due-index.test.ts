import { expect, test } from "@jest/globals";
import { DueIndex } from "../../../src/queue/due-index.ts";

/** What it must do, done slowly. */
class Plain {
  readonly #nodes = new Map<
    string,
    { due: number; priority: number; order: number; destination: string; lane: string }
  >();
  readonly #blocked = new Set<string>();
  #order = 0;

  put(id: string, due: number, priority: number, destination: string, lane: string): void {
    this.#nodes.set(id, { due, priority, order: this.#nodes.get(id)?.order ?? this.#order++, destination, lane });
  }

  drop(id: string): void {
    this.#nodes.delete(id);
  }

  block(destination: string, blocked: boolean): void {
    if (blocked) this.#blocked.add(destination);
    else this.#blocked.delete(destination);
  }

  first(only?: string): string | undefined {
    const free = [...this.#nodes].filter(
      ([, { destination, lane }]) => !this.#blocked.has(destination) && (only ?? lane) === lane,
    );
    return free.toSorted(([, a], [, b]) => a.due - b.due || a.priority - b.priority || a.order - b.order)[0]?.[0];
  }

  due(id: string | undefined): number | undefined {
    return id === undefined ? undefined : this.#nodes.get(id)!.due;
  }

  get lanes(): readonly string[] {
    return [...new Set([...this.#nodes.values()].map(({ lane }) => lane))].toSorted();
  }
}

test("gives what a plain list would give, whatever is put, moved, dropped and blocked", () => {
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 60; round++) {
    const [index, plain] = [new DueIndex(), new Plain()];
    for (let step = 0; step < 200; step++) {
      const id = `m${random(25)}`;
      const destination = `d${random(6)}`;
      const lane = `g${random(3)}`;
      const act = random(10);
      if (act < 5) {
        const [due, priority] = [random(40), random(3)];
        index.put(id, due, priority, destination, lane);
        plain.put(id, due, priority, destination, lane);
      } else if (act === 5) {
        index.drop(id);
        plain.drop(id);
      } else if (act < 8) {
        index.block(destination, act === 6);
        plain.block(destination, act === 6);
      } else {
        const only = act === 8 ? lane : undefined;
        const first = plain.first(only);
        const now = 20 + random(30);
        const wanted = (plain.due(first) ?? Infinity) <= now ? first : undefined;
        expect(index.take(now, only)).toBe(wanted);
        if (wanted !== undefined) plain.drop(wanted);
      }
      expect(index.next()).toBe(plain.due(plain.first()));
      expect(index.next(lane)).toBe(plain.due(plain.first(lane)));
      expect(index.lanes.toSorted()).toEqual(plain.lanes);
    }
  }
});

test("tells of what is due sooner than before, also when a destination is free again", () => {
  const index = new DueIndex();
  let told = 0;
  index.watch(() => told++);
  index.put("a", 10, 0, "x");
  index.put("b", 20, 0, "y");
  expect(told).toBe(1);
  index.block("x", true);
  expect([index.next(), told]).toEqual([20, 1]);
  index.put("c", 5, 0, "x");
  expect([index.next(), told]).toEqual([20, 1]);
  index.block("x", false);
  expect([index.next(), told]).toEqual([5, 2]);
  index.put("d", 30, 0, "x", "slow");
  expect([index.next("slow"), told]).toEqual([30, 3]);
});
