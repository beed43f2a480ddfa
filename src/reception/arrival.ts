/**
 * A message that is complete, and what becomes of it where the queue is: when it is tried first, its way into the queue, its
 * line in the log, the beginning of its delivery. Plain data: whoever received it may work in another thread.
 */
import type { DeliveryMode } from "../config/policies.ts";
import { beforeDeadline } from "../envelope/deliver-by.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { FirstAttempt } from "../envelope/local-facts.ts";
import type { Log } from "../log/log.ts";
import { type FromFacts, logFrom } from "../log/mail-log.ts";
import type { Body, QueueEntrance, QueueEntry } from "../queue/queue.ts";
import type { Site } from "../site/site.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";

export interface Arrival {
  readonly envelope: Envelope;
  /** Its queue group. */
  readonly group: string;
  /** As its session and its rules want it. */
  readonly mode: DeliveryMode;
  /** Held from the start, and why. */
  readonly hold?: string;
  /** For its line in the log. */
  readonly from: Omit<FromFacts, "envelope">;
}

export interface TakingEnvironment {
  readonly queue: QueueEntrance;
  readonly log: Log;
  /** The machine has too much to do: the message waits for a queue run, whatever its delivery mode. */
  isTooMuch?(site: Site, envelope: Envelope, daemon: string | undefined): boolean;
  /** When a message that is accepted now is tried first, ms since the epoch; undefined: at once. */
  firstTry(site: Site, group: string, mode: DeliveryMode): number | undefined;
  /** A message is in the queue. Resolves when the client may be answered: delivery mode "interactive" waits. */
  accepted(entry: QueueEntry, mode: DeliveryMode, told?: FirstAttempt): MaybePromise<void>;
}

/**
 * Resolves when it is on stable storage and its sender may be told. Rejects with QueueUnavailableError; then nothing is kept.
 * @param told who waits for the first attempt
 */
export async function takeArrival(
  environment: TakingEnvironment,
  site: Site,
  arrival: Arrival,
  body: Body,
  told?: FirstAttempt,
): Promise<void> {
  const { queue, log } = environment;
  const { envelope, group, hold } = arrival;
  const mode = modeOf(environment, site, arrival);
  const nextTry = hold === undefined ? firstTry(environment, site, arrival, mode) : undefined;
  const entry = await queue.accept(envelope, body, { group, ...(hold === undefined ? { nextTry } : { hold }) });
  logFrom(log, { ...arrival.from, envelope });
  if (hold !== undefined) return;
  try {
    await environment.accepted(entry, mode, told);
  } catch (error) {
    // It is in the queue all the same, and the sender must not send it again.
    const reason = error instanceof Error ? error.message : String(error);
    log.write(1, { priority: "crit", id: envelope.id, text: `SYSERR: first attempt: ${reason}` });
  }
}

function modeOf(environment: TakingEnvironment, site: Site, { envelope, mode, from }: Arrival): DeliveryMode {
  if (mode === "q" || mode === "d") return mode;
  return environment.isTooMuch?.(site, envelope, from.daemon) === true ? "q" : mode;
}

/** A message that waits for a queue run is not forgotten when its time (BY=) is over before. */
function firstTry(
  environment: TakingEnvironment,
  site: Site,
  { envelope, group }: Arrival,
  mode: DeliveryMode,
): number | undefined {
  const next = environment.firstTry(site, group, mode);
  return next === undefined ? undefined : beforeDeadline(envelope, next, envelope.arrived);
}
