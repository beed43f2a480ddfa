import { expect, test } from "@jest/globals";
import { exportQueue } from "../../../src/queue/export-queue.ts";
import { openQueue } from "../../../src/queue/open-queue.ts";
import { FaultyFiles } from "../../support/faulty-files.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { bodyOf, deferred, lines, put, recipient } from "../../support/queue-samples.ts";

const lock = async (): Promise<{ release: () => void }> => ({ release: () => undefined });

test("exportQueue() writes files that another queue opens as they were", async () => {
  const files = new FaultyFiles();
  const clock = new ManualClock();
  const { store } = await openQueue({ directory: "/queue", files, clock, lock, inlineLimit: 3000 });
  const first = await put(store, lines(4), { recipients: [recipient("a@a.test"), recipient("b@b.test")] });
  const large = await put(store, lines(9000));
  const held = await put(store, lines(5), { quarantined: "odd" }, { hold: "odd" });
  const claim = (await store.claim(first.id))!;
  await store.record(claim, { at: clock.now(), recipients: [0] });
  await store.settle(claim, {
    recipients: [
      { index: 0, state: "delivered" },
      { index: 1, state: "deferred", status: deferred },
    ],
    nextTry: clock.now() + 60_000,
  });
  const { entry } = claim;
  expect(await exportQueue(store, "/elsewhere", {}, files)).toEqual([first.id, large.id, held.id]);
  const copy = await openQueue({ directory: "/elsewhere", files, clock, lock });
  const claimed = (await copy.store.claim(first.id))!;
  expect(claimed.entry).toEqual(entry);
  await copy.store.finish(claimed);
  expect(await bodyOf(copy.store, first.id)).toBe(lines(4));
  expect((await bodyOf(copy.store, large.id)) === lines(9000)).toBe(true);
  expect((await copy.store.inspect(held.id))!.entry).toEqual(held);
  expect(copy.reports).toEqual([]);
  await expect(exportQueue(store, "/elsewhere", {}, files)).rejects.toThrow("EEXIST");
});
