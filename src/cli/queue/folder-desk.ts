/** Looks at a queue folder while no server answers: at what is there now, without the lock, and without changing anything. */
import { listingOf } from "../../control/queue-listing.ts";
import type { ControlServices } from "../../control/server.ts";
import { type QueueLooks, queueLooks } from "../../daemon/queue-desk.ts";
import { eachEntry } from "../../queue/each-entry.ts";
import { page } from "../../queue/entry.ts";
import { matcherOf } from "../../queue/filter.ts";
import type { QueueStore } from "../../queue/queue.ts";
import type { GroupPath } from "../../queue/spool-places.ts";
import { readQueue } from "../../queue/read-queue.ts";
import { EX } from "../../sys/sysexits.ts";
import { type Desk, type Looks, QueueCommandError } from "./desk.ts";

/** Says who may look, where the file system does not let us. */
export async function readable<T>(folder: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!["EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    const who = `user ${process.geteuid?.()} may not see the queue ${folder}`;
    throw new QueueCommandError(`${who}: ask as root, or as the user that runs the server`, EX.NOPERM);
  }
}

/** A folder as it is now. */
export type FolderStore = Pick<QueueStore, "list" | "outlines" | "inspect" | "claimedIds" | "get">;

export async function folderStore(
  folder: string,
  inspect: QueueStore["inspect"],
  groups: readonly GroupPath[] = [],
): Promise<FolderStore> {
  const { entries } = await readable(folder, () => readQueue(folder, groups));
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const list: FolderStore["list"] = (filter = {}, part = {}) => page(entries.filter(matcherOf(filter)), part);
  return {
    list,
    outlines: list,
    get: (id) => byId.get(id),
    inspect,
    claimedIds: () => new Set(),
  };
}

const nobody: QueueStore["inspect"] = () => Promise.resolve(undefined);

export async function folderLooks(
  folder: string,
  checkRoute: Looks["checkRoute"],
  groups: readonly GroupPath[] = [],
): Promise<Looks> {
  const store = await folderStore(folder, nobody, groups);
  return looksOver(store, queueLooks({ store, site: () => undefined, whyNot: () => undefined }), checkRoute);
}

export function looksOver(store: FolderStore, looks: QueueLooks, route: Looks["checkRoute"]): Looks {
  return {
    async *list(filter) {
      for await (const entry of eachEntry(store, filter)) yield listingOf(entry, false);
    },
    async count(filter) {
      let count = 0;
      for await (const _ of eachEntry(store, filter)) count++;
      return count;
    },
    async ids(filter) {
      const all: string[] = [];
      for await (const id of looks.ids(filter)) all.push(id);
      return all;
    },
    top: (filter, by, most) => looks.top(filter, by, most),
    checkRoute: route,
  };
}

export function readers({ why, show }: Pick<ControlServices, "why" | "show">): Pick<Desk, "why" | "show"> {
  return {
    why,
    async show(id) {
      const shown = await show(id);
      return shown && { message: shown.message, body: shown.body.stream() as AsyncIterable<Buffer> };
    },
  };
}
