/**
 * How important a message is, as sendmail counts: smaller numbers go first (manual §5.6, ClassFactor,
 * RecipientFactor, RetryFactor; QueueSortOrder). Pure arithmetic; times are the scheduler's.
 */
import type { Envelope } from "../envelope/envelope.ts";
import type { QueueEntry } from "./queue.ts";

export interface PriorityFactors {
  /** O ClassFactor: taken off per unit of message class (Precedence:). */
  readonly classFactor: number;
  /** O RecipientFactor: added per recipient. */
  readonly recipientFactor: number;
  /** O RetryFactor: added at every attempt. */
  readonly retryFactor: number;
}

export const standardFactors: PriorityFactors = { classFactor: 1800, recipientFactor: 30_000, retryFactor: 90_000 };

/** Size of header and body, less for urgent classes, more for many recipients. */
export function initialPriority(envelope: Envelope, factors: PriorityFactors): number {
  let size = envelope.bodySize;
  for (const { name, value } of envelope.headers) size += name.length + value.length + 3;
  return size - envelope.messageClass * factors.classFactor + envelope.recipients.length * factors.recipientFactor;
}

/** O QueueSortOrder. */
export type SortOrder = "priority" | "host" | "filename" | "time" | "random" | "modification" | "none";

type Compare = (a: QueueEntry, b: QueueEntry) => number;

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Host of the first recipient that is still to be delivered: what the host order groups by. */
function firstHost(entry: QueueEntry): string {
  const open = entry.envelope.recipients.find(({ state }) => state === "todo" || state === "deferred");
  if (open === undefined) return "";
  const host = open.resolved?.host ?? "";
  return (host === "" ? open.given.slice(open.given.lastIndexOf("@") + 1) : host).toLowerCase();
}

const byPriority: Compare = (a, b) => a.priority - b.priority || a.envelope.arrived - b.envelope.arrived;

const orders: Readonly<Record<Exclude<SortOrder, "random">, Compare>> = {
  priority: byPriority,
  host: (a, b) => byText(firstHost(a), firstHost(b)) || byPriority(a, b),
  filename: (a, b) => byText(a.id, b.id),
  time: (a, b) => a.envelope.arrived - b.envelope.arrived,
  modification: (a, b) => (a.lastTry ?? a.envelope.arrived) - (b.lastTry ?? b.envelope.arrived),
  none: () => 0,
};

/**
 * A sorted copy.
 * @param random numbers from 0 to 1, for the random order
 */
export function sortEntries(
  entries: readonly QueueEntry[],
  order: SortOrder,
  random: () => number = Math.random,
): QueueEntry[] {
  if (order !== "random") return entries.toSorted(orders[order]);
  return entries
    .map((entry) => ({ entry, key: random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ entry }) => entry);
}
