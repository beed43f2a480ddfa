/** What the queue commands are told of a message, and of a change: plain data that travels over the control socket. */
import type { Explanation } from "../analysis/explain.ts";
import type { QueueEntry } from "../queue/queue.ts";

/** A message as it stands in the queue. */
export interface QueuedMessage {
  /** With its header where that is asked for. */
  readonly entry: QueueEntry;
  /** Somebody works on it now. */
  readonly claimed: boolean;
  /** Why it is not tried now, when something particular holds it up. */
  readonly waits?: string;
}

/** Why a message is still there. */
export interface Why extends QueuedMessage {
  /** When the sender is warned of the delay, and gets it back; ms since the epoch, absent for never. */
  readonly warnAt?: number;
  readonly giveUpAt?: number;
  /** Where open recipients go by the configuration in force, and by which rules: by index in the envelope. */
  readonly routes: Readonly<Record<number, Explanation>>;
  /** Open recipients that were asked about, and whose routes nobody looked up: of a large list. */
  readonly unexplained: number;
}

/** What came of a change to several messages. */
export interface Steering {
  /** Messages that were changed. */
  readonly done: number;
  /** Those that could not be, and why. */
  readonly left: readonly { readonly id: string; readonly why: string }[];
}
