/** A queue whose segments are full, and whose messages become files, soon. */
import { type OpenedQueue, openQueue, type OpenQueueOptions } from "../../src/queue/open-queue.ts";

export function openSmallQueue(options: OpenQueueOptions): Promise<OpenedQueue> {
  return openQueue({ segmentSize: 6000, step: 2048, inlineLimit: 1500, ...options });
}
