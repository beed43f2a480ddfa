/**
 * What one queue run tries, and in which order: the messages that match, without those that were tried too short a time ago
 * (MinQueueAge, MaxQueueAge) and those that a busy machine has no time for (QueueLA), unless single messages are named; sorted as QueueSortOrder says, and of each queue group no
 * more than J= or MaxQueueRunSize allow: the first of that order.
 *
 * A queue may be large, so little is kept of each message.
 */
import type { Config } from "../config/config.ts";
import { destinationOf } from "../envelope/destination.ts";
import { isOpen } from "../envelope/recipient.ts";
import { eachOutline } from "../queue/each-entry.ts";
import { destinationHost, type QueueFilter } from "../queue/filter.ts";
import { laneOf } from "../queue/lane.ts";
import { keptByLoad } from "../queue/load-limit.ts";
import type { EntryOutline } from "../queue/outline.ts";
import type { QueueStore } from "../queue/queue.ts";
import { groupNamed } from "../routing/queue-group.ts";
import type { MessagePlace } from "./admission.ts";
import { namesMail } from "./held.ts";
import { leastWait } from "./queue-timeouts.ts";

/** A message of a run. */
export interface RunMessage extends MessagePlace {
  readonly id: string;
  readonly group: string;
  readonly priority: number;
  readonly arrived: number;
  /** When it was changed last, ms since the epoch. */
  readonly tried: number;
  /** Of its first open recipient, backwards: hosts of one domain stand together. */
  readonly host: string;
}

type Order = (a: RunMessage, b: RunMessage) => number;

const byPriority: Order = (a, b) => a.priority - b.priority;

/** By the first letter of QueueSortOrder; others leave the queue's own order. */
const ORDERS: Readonly<Record<string, Order>> = {
  p: byPriority,
  h: (a, b) => compareText(a.host, b.host) || byPriority(a, b),
  f: (a, b) => compareText(a.id, b.id),
  t: (a, b) => a.arrived - b.arrived,
  m: (a, b) => a.tried - b.tried,
};

export async function messagesOfRun(
  store: Pick<QueueStore, "outlines" | "get">,
  config: Config,
  filter: QueueFilter,
  { now, load }: { readonly now: number; readonly load: () => number },
): Promise<readonly RunMessage[]> {
  const isNamed = namesMail(filter);
  const isKept = keptByLoad(config.options, load);
  const found: RunMessage[] = [];
  for await (const entry of eachOutline(store, { ...filter, held: filter.held ?? false })) {
    if (isNamed || !(isYoung(config, entry, now) || isKept(entry.priority))) found.push(runMessage(entry));
  }
  const letter = config.options.text("QueueSortOrder").charAt(0).toLowerCase();
  return firstOfGroups(config, sorted(found, letter));
}

function isYoung(config: Config, { lastTry, envelope }: EntryOutline, now: number): boolean {
  return lastTry !== undefined && now < lastTry + leastWait(config, envelope.arrived, lastTry);
}

function runMessage(entry: EntryOutline): RunMessage {
  const { id, group, priority, envelope, lastTry } = entry;
  const { arrived, recipients } = envelope;
  const first = recipients.find(isOpen);
  return {
    id,
    group,
    priority,
    arrived,
    tried: lastTry ?? arrived,
    host: first === undefined ? "" : backwards(destinationHost(first).toLowerCase()),
    lane: laneOf(entry),
    destination: destinationOf(envelope),
  };
}

function sorted(messages: RunMessage[], letter: string): readonly RunMessage[] {
  if (letter === "r" || letter === "s") return shuffled(messages);
  const order = ORDERS[letter];
  return order === undefined ? messages : messages.toSorted(order);
}

/** No secret depends on it. */
function shuffled(messages: RunMessage[]): readonly RunMessage[] {
  const keys = new Map(messages.map((message) => [message, Math.random()]));
  return messages.toSorted((a, b) => keys.get(a)! - keys.get(b)!);
}

function firstOfGroups(config: Config, messages: readonly RunMessage[]): readonly RunMessage[] {
  const usual = config.options.number("MaxQueueRunSize") || Infinity;
  const counts = new Map<string, number>();
  return messages.filter(({ group }) => {
    const count = (counts.get(group) ?? 0) + 1;
    counts.set(group, count);
    return count <= (groupNamed(config, group)?.jobs || usual);
  });
}

function backwards(text: string): string {
  return text.split("").toReversed().join("");
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
