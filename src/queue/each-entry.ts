/** A whole queue, part by part: however much waits, only a part of it is in memory at once. */
import { matcherOf, type QueueFilter } from "./filter.ts";
import type { QueueEntry, QueueStore } from "./queue.ts";

const PART = 1_000;

/**
 * Every message that matches, once. What comes while this goes on may be missed, what leaves meanwhile may still be given.
 */
export async function* eachEntry(
  store: Pick<QueueStore, "list" | "get">,
  filter: QueueFilter,
): AsyncGenerator<QueueEntry, void, undefined> {
  if (filter.ids !== undefined) return yield* named(store, filter.ids, filter);
  let after: string | undefined;
  for (;;) {
    const part = await store.list(filter, { most: PART, ...(after === undefined ? {} : { after }) });
    yield* part;
    if (part.length < PART) return;
    after = part[part.length - 1].id;
  }
}

/** Nobody looks through the whole queue for some that are named. */
async function* named(
  store: Pick<QueueStore, "get">,
  ids: readonly string[],
  filter: QueueFilter,
): AsyncGenerator<QueueEntry, void, undefined> {
  const matches = matcherOf(filter);
  for (const id of new Set(ids)) {
    const entry = await store.get(id);
    if (entry !== undefined && matches(entry)) yield entry;
  }
}
