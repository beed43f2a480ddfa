/**
 * Lanes: what the scheduler asks for apart. Each queue group has one, for the messages that wait in it; what has just come
 * and is tried at once stands in another. The limits of a queue group (R= and its kin) are those of queue runs, as in
 * sendmail: mail that was never queued does not wait for them.
 */
import { destinationOf, SEVERAL } from "../envelope/destination.ts";
import type { WaitingPlace } from "./due-index.ts";
import { firstNotice } from "./notice.ts";
import type { EntryOutline } from "./outline.ts";
import type { QueueEntry } from "./queue.ts";

/** The lane of mail that has just come. */
export const FRESH_LANE = "";

/** A message that is due so soon after it came was not queued, ms. */
const AT_ONCE = 1000;

/** Of a message that cannot be read now: where it goes is not known. */
export const UNKNOWN_PLACE: WaitingPlace = { destination: SEVERAL, lane: "mqueue", notice: Infinity };

/** @param notice ms since the epoch, when somebody knows better */
export function placeOf(entry: QueueEntry, notice = firstNotice(entry.envelope)): WaitingPlace {
  return { destination: destinationOf(entry.envelope), lane: laneOf(entry), notice };
}

export function laneOf({ attempts, nextTry, envelope, group }: EntryOutline): string {
  return attempts === 0 && nextTry - envelope.arrived < AT_ONCE ? FRESH_LANE : group;
}

/** Which lanes somebody works on now. */
export interface LaneGate {
  /** False: all lanes are always open. */
  readonly isLimited: boolean;
  isOpen(lane: string): boolean;
  /** Tells when a lane may be open again. Returns how to stop that. */
  watch(opened: () => void): () => void;
}

/** No limits. */
export const OPEN_LANES: LaneGate = {
  isLimited: false,
  isOpen: () => true,
  watch: () => () => undefined,
};
