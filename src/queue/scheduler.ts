/** When which message is tried again. Knows ids and times only; the store knows the rest. */
import type { QueueEntry, QueueFilter } from "./queue.ts";

export interface Scheduler {
  /** A message that is new, recovered, or was released. Due at entry.nextTry. */
  add(entry: QueueEntry): void;
  /** New time and priority after an attempt. */
  update(entry: QueueEntry): void;
  forget(id: string): void;
  /** Makes matching messages due now (a queue run on demand). Returns how many. */
  now(filter?: QueueFilter): number;
  /**
   * Ids in the order they become due, by time and then priority; waits while nothing is due, ends after `close`.
   * Each id is given once for every add, update or now.
   */
  due(): AsyncIterable<string>;
  close(): void;
}
