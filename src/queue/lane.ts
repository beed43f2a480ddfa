/**
 * Lanes: what the scheduler asks for apart. Each queue group has one, for the messages that wait in it; what has just come
 * and is tried at once stands in another. The limits of a queue group (R= and its kin) are those of queue runs, as in
 * sendmail: mail that was never queued does not wait for them.
 */
import type { QueueEntry } from "./queue.ts";

/** The lane of mail that has just come. */
const FRESH_LANE = "";

/** A message that is due so soon after it came was not queued, ms. */
const AT_ONCE = 1000;

export function laneOf({ attempts, nextTry, envelope, group }: QueueEntry): string {
  return attempts === 0 && nextTry - envelope.arrived < AT_ONCE ? FRESH_LANE : group;
}
