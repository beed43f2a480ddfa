/**
 * Whether a message may be worked on now, by its queue group and by where it goes: a claim for a destination that takes nothing
 * more goes back at once, and the queue leaves the others of that destination alone until there is room
 * (delivery/smtp/destinations.ts).
 */
import type { Agents } from "../delivery/agents.ts";
import type { Destinations } from "../delivery/smtp/destinations.ts";
import { destinationOf, mailerOfKey, SEVERAL } from "../envelope/destination.ts";
import { laneOf } from "../queue/lane.ts";
import type { EntryOutline } from "../queue/outline.ts";
import type { QueueStore } from "../queue/queue.ts";
import { isPromise } from "../sys/maybe-promise.ts";
import type { LaneLimits } from "./lane-limits.ts";

/** What decides. */
export interface MessagePlace {
  readonly lane: string;
  readonly destination: string;
}

export function placeOf(entry: EntryOutline): MessagePlace {
  return { lane: laneOf(entry), destination: destinationOf(entry.envelope) };
}

export interface AdmissionParts {
  readonly store: Pick<QueueStore, "block">;
  readonly destinations: Destinations;
  readonly lanes: LaneLimits;
  /** The agents in force now. */
  agents(): Pick<Agents, "connects">;
  /** A store that could not be told. */
  readonly report: (error: unknown) => void;
}

const NOTHING = (): void => undefined;

export class Admission {
  readonly #parts: AdmissionParts;
  /** Called whenever something may have become free (a queue run on the command line waits for it). */
  readonly #waiting = new Set<() => void>();

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    const { store, destinations, lanes, report } = parts;
    lanes.watch(() => this.#wake());
    destinations.queue = (key, blocked) => {
      if (!blocked) this.#wake();
      try {
        const told = store.block(key, blocked);
        if (isPromise(told)) told.catch(report);
      } catch (error) {
        report(error);
      }
    };
  }

  /** Call the answer when the attempt is over. Undefined: not now; the queue will offer it again. */
  admit({ lane, destination }: MessagePlace): (() => void) | undefined {
    const { lanes } = this.#parts;
    if (lanes.isLimited && !lanes.isOpen(lane)) return undefined;
    const leaveDestination = this.#admitTo(destination);
    if (leaveDestination === undefined || !lanes.isLimited) return leaveDestination;
    const leaveLane = lanes.enter(lane);
    return () => {
      leaveDestination();
      leaveLane();
    };
  }

  #admitTo(key: string): (() => void) | undefined {
    // Several destinations: each of its jobs waits for itself. Mailboxes and programs have gates of their own.
    if (key === SEVERAL || !this.#parts.agents().connects(mailerOfKey(key))) return NOTHING;
    return this.#parts.destinations.admit(key);
  }

  /** Why a message is not tried now, when something particular holds it up. */
  whyNot({ destination }: Pick<MessagePlace, "destination">): string | undefined {
    return this.#parts.destinations.whyNot(destination);
  }

  /** Resolves when something may have become free. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
