/** A queue that is closed while messages come in: each of them is in it, or was refused, and nothing happens to it afterwards. */
import { expect, test } from "@jest/globals";
import { openDraft } from "../../../src/queue/draft.ts";
import { openQueue } from "../../../src/queue/open-queue.ts";
import { QueueUnavailableError } from "../../../src/queue/queue.ts";
import { FaultyFiles } from "../../support/faulty-files.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { envelope, readAll } from "../../support/queue-samples.ts";

const open = (files: FaultyFiles) =>
  openQueue({
    directory: "/queue",
    files,
    lock: async () => ({ release: () => undefined }),
    clock: new ManualClock(),
    step: 4096,
    inlineLimit: 100,
  });

test("what is on its way into files is there when close() resolves", async () => {
  const files = new FaultyFiles();
  const { store } = await open(files);
  const draft = await openDraft(store);
  await draft.write(Buffer.from("small\r\n"));
  let isAccepted = false;
  void draft.commit(envelope(draft.id), { hold: "a reason" }).then(() => (isAccepted = true));
  await store.close();
  expect(isAccepted).toBe(true);
  const { recovered } = await readAll(open(files));
  expect(recovered).toMatchObject([{ id: draft.id, hold: "a reason" }]);
});

test("what comes as a file after close() is refused", async () => {
  const files = new FaultyFiles();
  const { store } = await open(files);
  const draft = await openDraft(store);
  await draft.write(Buffer.from("long enough for a file of its own\r\n".repeat(4)));
  await store.close();
  await expect(draft.commit(envelope(draft.id))).rejects.toThrow(QueueUnavailableError);
  const { recovered } = await readAll(open(files));
  expect(recovered).toEqual([]);
});
