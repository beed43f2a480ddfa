/** Who computes a hash when many want to: so many at a time, clients in turn, and a full house costs whoever filled it. */
import { expect, test } from "@jest/globals";
import { Turnstile } from "../../../src/logins/turnstile.ts";

/** Work that ends when the test says so; `begun` has the names in the order in which they came in. */
function house(turnstile: Turnstile) {
  const begun: string[] = [];
  const left: string[] = [];
  const ends: (() => void)[] = [];
  return {
    begun,
    left,
    come: (client: string, name = client): void => {
      const work = () =>
        new Promise<void>((resolve) => {
          begun.push(name);
          ends.push(resolve);
        });
      turnstile.pass(client, work).catch((error: Error) => left.push(`${name}: ${error.message}`));
    },
    /** All that has come in, and what comes in then, ends. */
    empty: async (): Promise<void> => {
      for (let end = ends.shift(); end !== undefined; end = ends.shift()) {
        end();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

test("so many at a time, the others one after the other", async () => {
  const { come, begun, empty } = house(new Turnstile(2));
  for (const name of ["1", "2", "3", "4"]) come("a", name);
  expect(begun).toEqual(["1", "2"]);
  await empty();
  expect(begun).toEqual(["1", "2", "3", "4"]);
});

test("clients take turns: who asks a hundred times at once waits for itself alone", async () => {
  const { come, begun, empty } = house(new Turnstile(1));
  for (let i = 0; i < 100; i++) come("attacker", `attacker ${i}`);
  for (const name of ["joe", "ann", "joe"]) come(name);
  await empty();
  expect(begun.slice(0, 8)).toEqual([
    "attacker 0",
    "attacker 1",
    "joe",
    "ann",
    "attacker 2",
    "joe",
    "attacker 3",
    "attacker 4",
  ]);
  expect(begun).toHaveLength(103);
});

test("when too many wait the last one of the client that has most of them is asked to come again", async () => {
  const { come, begun, left, empty } = house(new Turnstile(1, 3));
  for (let i = 0; i < 6; i++) come("attacker", `attacker ${i}`);
  await new Promise((resolve) => setImmediate(resolve));
  expect(left).toEqual(["attacker 4: too many logins at once", "attacker 5: too many logins at once"]);
  for (const name of ["joe", "ann", "bob"]) come(name);
  await empty();
  // Bob has one of three places to wait for, as everybody else: nobody has more than he would have.
  expect(left.slice(2)).toEqual([
    "attacker 3: too many logins at once",
    "attacker 2: too many logins at once",
    "bob: too many logins at once",
  ]);
  expect(begun).toEqual(["attacker 0", "attacker 1", "joe", "ann"]);
});

test("work that fails makes room", async () => {
  const turnstile = new Turnstile(1);
  const broken = turnstile.pass("a", () => Promise.reject(new Error("broken")));
  const next = turnstile.pass("a", () => Promise.resolve(2));
  await expect(broken).rejects.toThrow("broken");
  expect(await next).toBe(2);
  expect(await turnstile.pass("b", () => Promise.resolve(3))).toBe(3);
});
