import { expect, test } from "@jest/globals";
import { IdTable, NONE } from "../../../src/queue/id-table.ts";

/** Ids as they come: of our form, others of sendmail's, short and long ones, with a common beginning. */
function idOf(random: (below: number) => number): string {
  const forms = [
    () => `6AUC6x${String(random(400)).padStart(2, "0")}058751`,
    () => `6AUC6x0${random(4)}${String(random(2_000)).padStart(6, "0")}`,
    () => `AA${random(300)}`,
    () => `6AUC6x01058751${"x".repeat(random(3))}${random(9)}`,
    () => `6AUC6x01\xe9${random(9)}`,
  ];
  return forms[random(forms.length)]();
}

test("finds, lists and forgets what a plain list would, whatever is added and dropped", () => {
  let seed = 11;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const table = new IdTable();
  const rows = new Map<string, number>();
  const inUse = new Set<number>();
  // 12,000 calls of expect() take longer than all else.
  const wrong: string[] = [];
  const order = (): string[] => [...rows.keys()].toSorted((a, b) => (a < b ? -1 : 1));
  for (let step = 0; step < 12_000; step++) {
    const id = idOf(random);
    const row = rows.get(id);
    if (table.find(id) !== (row ?? NONE)) wrong.push(`${id} in step ${step}`);
    // Grows, then shrinks, then is empty.
    const grows = step < 7_000 ? random(10) < 8 : random(10) < 2;
    if (row === undefined && grows) {
      const added = table.add(id);
      if (inUse.has(added)) wrong.push(`row ${added} twice in step ${step}`);
      inUse.add(added);
      rows.set(id, added);
    } else if (row !== undefined && !grows) {
      table.drop(row);
      inUse.delete(row);
      rows.delete(id);
    }
    if (step % 500 !== 0) continue;
    expect(table.size).toBe(rows.size);
    expect(table.after(undefined, Infinity).map((each) => table.id(each))).toEqual(order());
    const after = order().filter((each) => each > id);
    expect(table.after(id, 5).map((each) => table.id(each))).toEqual(after.slice(0, 5));
  }
  expect(wrong).toEqual([]);
  for (const id of order()) table.drop(rows.get(id)!);
  expect([table.size, table.end, table.after(undefined, 9)]).toEqual([0, 0, []]);
});

test("rows in the order of their ids compare so", () => {
  const table = new IdTable();
  const ids = ["6AUC6x01058751", "6AUC6x01058751a", "6AUC6x01058752", "6AUC6x02", "7"];
  const rows = ids.toReversed().map((id) => table.add(id));
  for (const a of rows) {
    for (const b of rows) {
      const [x, y] = [ids.indexOf(table.id(a)), ids.indexOf(table.id(b))];
      expect(Math.sign(table.compareRows(a, b))).toBe(Math.sign(x - y));
    }
  }
});
