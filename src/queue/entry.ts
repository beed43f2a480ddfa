/** What happens to a queue entry, as pure functions: every store applies the same ones, recovery replays them. */
import type { Envelope } from "../envelope/envelope.ts";
import { isOpen, type Recipient, type RecipientChange } from "../envelope/recipient.ts";
import { initialPriority, type PriorityFactors } from "./order.ts";
import type { AcceptOptions, Attempt, Changes, Page, QueueEntry } from "./queue.ts";

/** The entry of a message that has just been accepted. */
export function newEntry(
  envelope: Envelope,
  options: AcceptOptions | undefined,
  factors: PriorityFactors,
  now: number,
): QueueEntry {
  return {
    id: envelope.id,
    envelope,
    group: options?.group ?? "mqueue",
    priority: initialPriority(envelope, factors),
    attempts: 0,
    nextTry: options?.nextTry ?? now,
    ...(options?.hold === undefined ? {} : { hold: options.hold }),
  };
}

/** @param priority after the attempt: RetryFactor is added to it, so that fresh mail goes before stuck mail */
export function withAttempt(entry: QueueEntry, attempt: Attempt, priority: number): QueueEntry {
  return { ...entry, attempts: entry.attempts + 1, lastTry: attempt.at, priority };
}

/**
 * From so many recipients on their list is not copied at every change, which would cost all of them each time: entries of one
 * message share it, and an older one shows what became of them since.
 */
const MANY_RECIPIENTS = 1_000;
/** Lists that were made here, and how many at the beginning of each nobody has to try any more. */
const shared = new WeakMap<readonly Recipient[], number>();

function changeable(recipients: readonly Recipient[]): Recipient[] {
  // Nobody else makes such a list, so it may be written to.
  if (shared.has(recipients)) return recipients as Recipient[];
  const copy = [...recipients];
  if (copy.length >= MANY_RECIPIENTS) shared.set(copy, 0);
  return copy;
}

function changed(recipient: Recipient, { state, status, resolved, rerouted }: RecipientChange): Recipient {
  const { rerouted: before, ...rest } = recipient;
  const route = rerouted ?? before;
  return {
    ...rest,
    state,
    ...(status === undefined ? {} : { status }),
    ...(resolved === undefined ? {} : { resolved }),
    ...(route === undefined || route.mailer === "" ? {} : { rerouted: route }),
  };
}

/** @throws RangeError for an index that the envelope does not have */
export function withChanges(entry: QueueEntry, changes: Changes): QueueEntry {
  for (const { index } of changes.recipients) {
    if (index in entry.envelope.recipients) continue;
    throw new RangeError(`Message ${entry.id} has no recipient ${index}`);
  }
  const recipients = changeable(entry.envelope.recipients);
  let served = shared.get(recipients);
  for (const change of changes.recipients) {
    const { index } = change;
    recipients[index] = changed(recipients[index], change);
    if (served !== undefined && index < served && isOpen(recipients[index])) shared.set(recipients, (served = index));
  }
  for (const added of changes.added ?? []) recipients.push(added);
  return {
    ...entry,
    envelope: {
      ...entry.envelope,
      recipients,
      ...(changes.warnedAt === undefined ? {} : { warnedAt: changes.warnedAt }),
    },
    nextTry: changes.nextTry ?? entry.nextTry,
    priority: changes.priority ?? entry.priority,
  };
}

/** Held under a reason, or released (undefined), which ends a quarantine too. */
export function withHold(entry: QueueEntry, reason: string | undefined): QueueEntry {
  const { hold: _, ...free } = entry;
  if (reason !== undefined) return { ...free, hold: reason };
  const { quarantined: __, ...envelope } = free.envelope;
  return { ...free, envelope };
}

/** Indexes of recipients that still have to be tried. */
export function pendingRecipients({ recipients }: Envelope): number[] {
  const pending: number[] = [];
  recipients.forEach((recipient, index) => {
    if (isOpen(recipient)) pending.push(index);
  });
  return pending;
}

/** True when nothing is left to do: the message leaves the queue. Asked after each change, so a long list is walked once in all. */
export function isFinished({ envelope: { recipients } }: QueueEntry): boolean {
  const served = shared.get(recipients);
  if (served === undefined) return !recipients.some(isOpen);
  let at = served;
  while (at < recipients.length && !isOpen(recipients[at])) at++;
  if (at > served) shared.set(recipients, at);
  return at === recipients.length;
}

/** A part of a list, in the order of ids. */
export function page(entries: Iterable<QueueEntry>, { after = "", most = Infinity }: Page): readonly QueueEntry[] {
  const rest = [...entries].filter(({ id }) => id > after).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return most === Infinity ? rest : rest.slice(0, most);
}
