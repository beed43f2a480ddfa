/** A message whose removal could not be written down stays: also when the disk takes everything again a moment later. */
import { expect, test } from "@jest/globals";
import { openQueue } from "../../../src/queue/open-queue.ts";
import { FaultyFiles } from "../../support/faulty-files.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { QueueUnavailableError } from "../../../src/queue/queue.ts";
import { delivered, lines, put, readAll, type Recovered } from "../../support/queue-samples.ts";

const lock = async () => ({ release: () => undefined });

function open(files: FaultyFiles): Promise<Recovered> {
  return readAll(openQueue({ directory: "/queue", files, clock: new ManualClock(), lock, step: 4096 }));
}

test.each([
  ["datasync", "EIO"],
  ["write", "EIO"],
  ["write", "ENOSPC"],
])("%s fails with %s", async (kind, code) => {
  const files = new FaultyFiles();
  const { store } = await open(files);
  const { id } = await put(store, lines(3));
  const other = await put(store, lines(3));
  files.inject = (operation) => (operation.kind === kind ? code : undefined);
  await expect(store.remove(id)).rejects.toThrow(/queue/);
  files.inject = undefined;
  expect((await store.list()).map((entry) => entry.id)).toEqual([id, other.id]);
  // Takes with it what waits to be written.
  expect(await store.hold(other.id, "look")).toBe(true);
  await store.close();
  const again = await open(files);
  expect(again.recovered.map((entry) => entry.id).toSorted()).toEqual([id, other.id]);
  expect(await again.store.remove(id)).toBe(true);
  await again.store.close();
  const last = await open(files);
  expect(last.recovered.map((entry) => entry.id)).toEqual([other.id]);
  await last.store.close();
});

test.each(["remove", "hold", "release"] as const)(
  "%s() of a message that is finished at that moment, whose files could not be removed yet, is about no other message",
  async (what) => {
    const files = new FaultyFiles();
    const { store } = await open(files);
    const kept: string[] = [];
    for (let turns = 0; turns < 8; turns++) {
      files.inject = undefined;
      kept.push((await put(store, lines(3))).id);
      // A held message lies in the spool.
      const { id } = await put(store, lines(3), {}, { hold: "look" });
      const claim = (await store.claim(id, "held too"))!;
      let failures = 1;
      files.inject = ({ kind }) => (kind === "unlink" && failures-- > 0 ? "EIO" : undefined);
      const asked = what === "hold" ? store.hold(id, "late") : store[what](id);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      await store.settle(claim, { recipients: [{ index: 0, state: "delivered", status: delivered }] });
      await asked.catch((error: unknown) => expect(error).toBeInstanceOf(QueueUnavailableError));
      await store.finish(claim);
      expect((await store.list()).map((entry) => entry.id)).toEqual(kept);
    }
    files.inject = undefined;
    await store.close();
  },
);
