/**
 * A process that fills a queue until it is killed: accepts, defers, expands and finishes messages, and says on standard
 * output what it may rely on. `node queue-writer.ts DIRECTORY`
 */
import { writeSync } from "node:fs";
import { openQueue } from "../../src/queue/open-queue.ts";
import { deferred, delivered, lines, put, recipient } from "./queue-samples.ts";

const { store } = await openQueue({
  directory: process.argv[2],
  segmentSize: 262_144,
  step: 32_768,
  inlineLimit: 20_000,
});

/** A pipe takes whole lines, at once: what was said was said before the kill. */
function say(...words: readonly string[]): void {
  writeSync(1, `${words.join(" ")}\n`);
}

async function session(number: number): Promise<void> {
  for (let round = 0; ; round++) {
    const count = round % 9 === 8 ? 900 : 20;
    const { id } = await put(store, lines(count, `s${number}`), { recipients: [recipient("list@a.test")] });
    say("accepted", id, String(number), String(count));
    const claim = (await store.claim(id))!;
    await store.record(claim, { at: Date.now(), recipients: [0] });
    if (round % 3 === 0) {
      await store.settle(claim, { recipients: [{ index: 0, state: "deferred", status: deferred }] });
    } else if (round % 3 === 1) {
      const added = [recipient("x@x.test", { parent: 0 }), recipient("y@y.test", { parent: 0 })];
      await store.settle(claim, { recipients: [{ index: 0, state: "expanded" }], added });
      await store.flush(claim);
      say("expanded", id);
    } else {
      say("finishing", id);
      await store.settle(claim, { recipients: [{ index: 0, state: "delivered", status: delivered }] });
      await store.flush(claim);
      say("finished", id);
    }
    await store.finish(claim);
  }
}

await Promise.all(Array.from({ length: 8 }, (_, number) => session(number)));
