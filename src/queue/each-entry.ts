/** A whole queue, part by part: however much waits, only a part of it is in memory at once. */
import type { QueueFilter } from "./filter.ts";
import type { QueueEntry, QueueStore } from "./queue.ts";

const PART = 1_000;

/**
 * Every message that matches, once. What comes while this goes on may be missed, what leaves meanwhile may still be given.
 */
export async function* eachEntry(
  store: Pick<QueueStore, "list">,
  filter: QueueFilter,
): AsyncGenerator<QueueEntry, void, undefined> {
  let after: string | undefined;
  for (;;) {
    const part = await store.list(filter, { most: PART, ...(after === undefined ? {} : { after }) });
    yield* part;
    if (part.length < PART) return;
    after = part[part.length - 1].id;
  }
}
