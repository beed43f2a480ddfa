/** Which message is tried when. */
import type { Claim } from "./queue.ts";

export interface Scheduler {
  /**
   * Waits for the next message that is due and claims it; undefined after `close`. One caller at a time: ask again when
   * there is a place for another attempt.
   */
  next(): Promise<Claim | undefined>;
  close(): void;
}
