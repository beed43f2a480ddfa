/** A whole queue, part by part: however much waits, only a part of it is in memory at once. */
import { matcherOf, type QueueFilter } from "./filter.ts";
import type { EntryOutline } from "./outline.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { Page, QueueEntry, QueueStore } from "./queue.ts";

const PART = 1_000;

/**
 * Every message that matches, once. What comes while this goes on may be missed, what leaves meanwhile may still be given.
 */
export async function* eachEntry(
  store: Pick<QueueStore, "list" | "get">,
  filter: QueueFilter,
): AsyncGenerator<QueueEntry, void, undefined> {
  if (filter.ids !== undefined) yield* named(store, filter.ids, filter);
  else yield* eachPart((page) => store.list(filter, page));
}

/** The same for those who need no more than outlines: nothing is read that the store has in memory. */
export async function* eachOutline(
  store: Pick<QueueStore, "outlines" | "get">,
  filter: QueueFilter,
): AsyncGenerator<EntryOutline, void, undefined> {
  if (filter.ids !== undefined) yield* named(store, filter.ids, filter);
  else yield* eachPart((page) => store.outlines(filter, page));
}

async function* eachPart<T extends { readonly id: string }>(
  next: (page: Page) => MaybePromise<readonly T[]>,
): AsyncGenerator<T, void, undefined> {
  let after: string | undefined;
  for (;;) {
    const part = await next({ most: PART, ...(after === undefined ? {} : { after }) });
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
