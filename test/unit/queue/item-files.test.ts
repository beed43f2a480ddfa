/** Control files of messages with very many recipients: how often they are written, and who waits for what. */
import { expect, test } from "@jest/globals";
import type { Envelope } from "../../../src/envelope/envelope.ts";
import type { Recipient } from "../../../src/envelope/recipient.ts";
import { newEntry } from "../../../src/queue/entry.ts";
import { Background, Item } from "../../../src/queue/item.ts";
import { ItemFiles } from "../../../src/queue/item-files.ts";
import { standardFactors } from "../../../src/queue/order.ts";
import type { SpoolStore } from "../../../src/queue/spool-store.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function setUp(recipients: number) {
  const all = Array.from({ length: recipients }, (_, at): Recipient => ({ given: `m${at}@far.test`, state: "todo" }));
  const envelope = { id: "5AKJLerx012345", sender: "a@b.test", recipients: all, headers: [] } as unknown as Envelope;
  const item = new Item(envelope.id, 0, undefined, newEntry(envelope, undefined, standardFactors, 0));
  const reports: string[] = [];
  const spool = { writes: 0, fault: undefined as Error | undefined };
  const store = {
    async writeControl() {
      spool.writes++;
      // So that a rest has a length.
      for (const until = performance.now() + 1; performance.now() < until;);
      await turn();
      await turn();
      if (spool.fault) throw spool.fault;
    },
    remove: () => Promise.resolve(),
  } as unknown as SpoolStore;
  const clock = new ManualClock();
  const background = new Background();
  const files = new ItemFiles(
    store,
    background,
    clock,
    (text) => reports.push(text),
    () => undefined,
  );
  return { item, spool, clock, background, files, reports };
}

test("changes of many recipients that nobody waits for are written together, after a rest", async () => {
  const { item, spool, clock, files } = setUp(2_000);
  for (let change = 0; change < 50; change++) {
    files.rewriteBehind(item);
    await turn();
  }
  expect(spool.writes).toBe(1);
  clock.advance(60_000);
  await turn();
  expect(spool.writes).toBe(2);
});

test("who waits ends the rest, and is not kept by what others change meanwhile", async () => {
  const { item, spool, files } = setUp(2_000);
  files.rewriteBehind(item);
  files.rewriteBehind(item);
  await turn();
  await turn();
  expect(spool.writes).toBe(1);
  const written = files.rewrite(item);
  files.rewriteBehind(item);
  await written;
  expect(spool.writes).toBe(2);
});

test("nothing rests any more when the queue closes", async () => {
  const { item, spool, files, background } = setUp(2_000);
  files.rewriteBehind(item);
  files.rewriteBehind(item);
  await turn();
  await turn();
  files.hurry();
  await background.idle();
  expect(spool.writes).toBe(2);
});

test("few recipients are written at once", async () => {
  const { item, spool, files, background } = setUp(10);
  files.rewriteBehind(item);
  files.rewriteBehind(item);
  await background.idle();
  expect(spool.writes).toBe(2);
});

test("a failure reaches those who wait, and is reported where nobody does", async () => {
  const { item, spool, files, background, reports } = setUp(2_000);
  spool.fault = new Error("No space left on device");
  await expect(files.rewrite(item)).rejects.toThrow(/No space left/);
  expect(reports).toEqual([]);
  files.rewriteBehind(item);
  await background.idle();
  expect(reports).toEqual([
    expect.stringMatching(/^Cannot rewrite the control file of 5AKJLerx012345: .*No space left/),
  ]);
});
