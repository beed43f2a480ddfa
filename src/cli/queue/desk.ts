/**
 * What the queue commands can ask and do, wherever the queue is: the running server, its folder while none answers
 * (open-desk.ts), or the client queue (client-desk.ts).
 */
import type { QueuedMessage, Steering, Why } from "../../control/queue-answers.ts";
import type { QueueListing } from "../../control/queue-listing.ts";
import type { Top, TopField } from "../../control/queue-top.ts";
import type { NewRoute } from "../../dispatch/steer.ts";
import type { QueueFilter } from "../../queue/filter.ts";
import type { ExitCode } from "../../sys/sysexits.ts";

/** What can be asked while somebody else may be at work. */
export interface Looks {
  /** The messages, in the order of arrival; nothing else may be asked before the end. */
  list(filter: QueueFilter): AsyncIterable<QueueListing>;
  count(filter: QueueFilter): Promise<number>;
  ids(filter: QueueFilter): Promise<readonly string[]>;
  top(filter: QueueFilter, by: readonly TopField[], most: number): Promise<Top>;
  /** Rejects when no mail can go that way. */
  checkRoute(route: NewRoute): Promise<void>;
}

/** What is done with messages, and what has to be read whole. */
export interface Desk extends Looks {
  why(id: string, filter: QueueFilter): Promise<Why | undefined>;
  /** @param body false: nothing of it is read */
  show(
    id: string,
    body: boolean,
  ): Promise<{ readonly message: QueuedMessage; readonly body: AsyncIterable<Buffer> } | undefined>;
  hold(filter: QueueFilter, reason: string): Promise<Steering>;
  release(filter: QueueFilter): Promise<Steering>;
  remove(filter: QueueFilter): Promise<Steering>;
  retry(filter: QueueFilter): Promise<number>;
  bounce(filter: QueueFilter, reason: string): Promise<Steering>;
  reroute(filter: QueueFilter, route: NewRoute): Promise<Steering>;
}

/** The command cannot be done; the text says why. */
export class QueueCommandError extends Error {
  override readonly name = "QueueCommandError";
  readonly exit: ExitCode;

  constructor(message: string, exit: ExitCode) {
    super(message);
    this.exit = exit;
  }
}
