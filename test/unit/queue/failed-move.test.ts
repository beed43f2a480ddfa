/** A move out of the journal that failed, and whose files could not be removed: the next one does not meet their removal. */
import { expect, test } from "@jest/globals";
import { openQueue } from "../../../src/queue/open-queue.ts";
import { FaultyFiles } from "../../support/faulty-files.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { lines, put, readAll, type Recovered } from "../../support/queue-samples.ts";

const lock = async () => ({ release: () => undefined });

function open(files: FaultyFiles, clock = new ManualClock()): Promise<Recovered> {
  return readAll(openQueue({ directory: "/queue", files, clock, lock, step: 4096 }));
}

/** A moment at which something else goes on: so many turns after the removal has begun. */
const MOMENTS = Array.from({ length: 12 }, (_, turns) => turns);

test("whenever the next move begins, the message is whole", async () => {
  for (const moment of MOMENTS) {
    const files = new FaultyFiles();
    const clock = new ManualClock();
    const { store } = await open(files, clock);
    const { id } = await put(store, lines(3));
    // The body does not get to the disk, and the folder does not let it go.
    const failing = new Set([`datasync /queue/df${id}`, "syncFolder /queue"]);
    files.inject = ({ kind, path }) => (failing.delete(`${kind} ${path}`) ? "EIO" : undefined);
    await store.hold(id, "look");
    expect(failing.size).toBe(0);
    const claim = (await store.claim(id, "held too"))!;
    clock.advance(10_000); // what is left of the move is removed in the background
    for (let turn = 0; turn < moment; turn++) await Promise.resolve();
    await store.finish(claim); // and it is moved again
    await store.close();
    const again = await open(files.crashed("process"));
    expect([moment, again.reports, again.recovered.map((entry) => entry.id)]).toEqual([moment, [], [id]]);
    const { body } = (await again.store.inspect(id))!;
    expect((await body.bytes())?.toString()).toBe(lines(3));
    await again.store.close();
  }
});
