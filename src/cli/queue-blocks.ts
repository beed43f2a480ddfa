/** The queue as mailq shows it: a part for each folder that the configuration names, in the order of its queue groups. */
import type { Config } from "../config/config.ts";
import { queueFolder } from "../config/queue-folder.ts";
import type { QueueListing } from "../control/queue-listing.ts";
import type { QueueFilter } from "../queue/filter.ts";
import type { ListedQueue } from "./listed-queue.ts";
import type { QueueBlock } from "./mailq.ts";

/** A folder, and the queue groups whose mail lies there. */
export interface QueueFolder {
  readonly folder: string;
  readonly groups: readonly string[];
}

/** Where mail of a queue group lies; undefined when there is no such group. */
export function folderOf(config: Config, group: string): string | undefined {
  const path = config.queueGroups.get(group)?.path;
  return path === "" ? queueFolder(config) : path?.replace(/\/[^/]*\*$/, "");
}

/** @param only of this group alone */
export function foldersOf(config: Config, only?: string): readonly [QueueFolder, ...QueueFolder[]] {
  if (only !== undefined) return [{ folder: folderOf(config, only) ?? queueFolder(config), groups: [only] }];
  const first: { folder: string; groups: string[] } = { folder: queueFolder(config), groups: [] };
  const folders = new Map([[first.folder, first]]);
  for (const group of config.queueGroups.keys()) {
    const folder = folderOf(config, group) ?? first.folder;
    const known = folders.get(folder);
    if (known === undefined) folders.set(folder, { folder, groups: [group] });
    else known.groups.push(group);
  }
  return [first, ...[...folders.values()].slice(1)];
}

/** The first folder has whatever is in none of the others, also what is of a group that the configuration no longer names. */
export async function* blocksOf(
  [first, ...others]: readonly [QueueFolder, ...QueueFolder[]],
  queue: ListedQueue,
  filter: QueueFilter,
): AsyncGenerator<QueueBlock, undefined> {
  const elsewhere = new Set(others.flatMap(({ groups }) => groups));
  const counts = new Map<string, number>();
  for (const group of elsewhere) counts.set(group, await queue.count({ ...filter, group }));
  const all = await queue.count(filter);
  const rest = [...counts.values()].reduce((left, count) => left - count, all);
  yield { name: first.folder, count: Math.max(rest, 0), entries: without(elsewhere, queue.list(filter)) };
  for (const { folder, groups } of others) {
    const count = groups.reduce((sum, group) => sum + counts.get(group)!, 0);
    yield { name: folder, count, entries: ofGroups(groups, queue, filter) };
  }
}

async function* without(
  groups: ReadonlySet<string>,
  entries: AsyncIterable<QueueListing> | Iterable<QueueListing>,
): AsyncGenerator<QueueListing, undefined> {
  for await (const listing of entries) if (!groups.has(listing.group)) yield listing;
}

async function* ofGroups(
  groups: readonly string[],
  queue: ListedQueue,
  filter: QueueFilter,
): AsyncGenerator<QueueListing, undefined> {
  for (const group of groups) yield* queue.list({ ...filter, group });
}
