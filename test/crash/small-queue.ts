/** A queue of two groups, one with a folder of its own, whose segments are full, and whose messages become files, soon. */
import { join } from "node:path";
import { type OpenedQueue, openQueue, type OpenQueueOptions } from "../../src/queue/open-queue.ts";

export function openSmallQueue(options: OpenQueueOptions): Promise<OpenedQueue> {
  const groups = [{ group: "slow", path: join(options.directory, "slow") }];
  return openQueue({ groups, segmentSize: 6000, step: 2048, inlineLimit: 1500, ...options });
}
