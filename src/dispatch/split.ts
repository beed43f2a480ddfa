/**
 * Recipients of one message that wait in different queue groups, or more of them than r= of their group allows, become
 * messages of their own, so that each group has its own times and limits. A message that is tried when it comes is split
 * when some of it is left; one that only waits, before anybody tries it.
 *
 * The new messages are durable before the old one gives its recipients away: a crash in between delivers twice, never not at
 * all. To the old message they are duplicates from then on.
 */
import type { Envelope } from "../envelope/envelope.ts";
import { isOpen, type Recipient } from "../envelope/recipient.ts";
import type { Log } from "../log/log.ts";
import { openDraft } from "../queue/draft.ts";
import { pendingRecipients } from "../queue/entry.ts";
import type { Claim, QueueEntry, QueueStore } from "../queue/queue.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { groupNamed, queueGroupOf } from "../routing/queue-group.ts";
import type { Site } from "../site/site.ts";

export interface SplitEnvironment {
  readonly store: QueueStore;
  readonly log: Log;
  /** When what waits in this group is due, ms since the epoch. */
  nextTry(group: string): number;
}

/** Recipients that wait together. */
interface Part {
  readonly group: string;
  /** Indexes in envelope.recipients. */
  readonly indexes: readonly number[];
}

/** True where a message may have to be split at all. */
export function mayBeSplit({ config: { queueGroups } }: Pick<Site, "config">): boolean {
  if (queueGroups.size > 1) return true;
  for (const { maxRecipients } of queueGroups.values()) if (maxRecipients > 0) return true;
  return false;
}

/** Splits the message under this claim, when it has to be. */
export async function splitMessage(
  environment: SplitEnvironment,
  site: Site,
  claim: Claim,
  scope: MacroScope,
): Promise<void> {
  const { store, log } = environment;
  const { entry } = claim;
  const parts = await partsOf(site, entry, scope);
  const staying = parts.findIndex(({ group }) => group === entry.group);
  const leaving = parts.filter((_, number) => number !== staying);
  if (leaving.length === 0) return;
  for (const part of leaving) {
    const { id } = await copyFor(environment, claim, part);
    log.write(4, {
      priority: "info",
      id: entry.id,
      text: `split: group=${part.group}, nrcpts=${part.indexes.length}, newid=${id}`,
    });
  }
  const recipients = leaving.flatMap(({ indexes }) => indexes.map((index) => ({ index, state: "duplicate" }) as const));
  await store.settle(claim, { recipients });
  await store.flush(claim);
}

/** Who waits where, in the order of the first recipients; no part is larger than its group allows. */
async function partsOf(site: Site, { envelope }: QueueEntry, scope: MacroScope): Promise<readonly Part[]> {
  const byGroup = new Map<string, number[]>();
  for (const index of pendingRecipients(envelope)) {
    const group = await queueGroupOf(site, envelope.recipients[index], scope);
    const known = byGroup.get(group);
    if (known === undefined) byGroup.set(group, [index]);
    else known.push(index);
  }
  return [...byGroup].flatMap(([group, indexes]) => {
    const most = groupNamed(site.config, group)?.maxRecipients || Infinity;
    return chunks(indexes, most).map((each) => ({ group, indexes: each }));
  });
}

function chunks<T>(all: readonly T[], most: number): readonly (readonly T[])[] {
  const parts: T[][] = [];
  for (let from = 0; from < all.length; from += most) parts.push(all.slice(from, from + most));
  return parts;
}

async function copyFor(environment: SplitEnvironment, claim: Claim, { group, indexes }: Part): Promise<QueueEntry> {
  const draft = await openDraft(environment.store);
  try {
    for await (const chunk of claim.message().stream()) await draft.write(chunk as Buffer);
    return await draft.commit(
      { ...claim.entry.envelope, id: draft.id, recipients: withAncestors(claim.entry.envelope, indexes) },
      { group, nextTry: environment.nextTry(group) },
    );
  } catch (error) {
    draft.discard();
    throw error;
  }
}

/** These recipients, and the lists that they came from: who was served already is told from them. */
function withAncestors({ recipients }: Envelope, indexes: readonly number[]): readonly Recipient[] {
  const wanted = new Set<number>();
  for (const index of indexes) {
    for (let at: number | undefined = index; at !== undefined && !wanted.has(at); at = recipients[at].parent)
      wanted.add(at);
  }
  const kept = [...wanted].toSorted((a, b) => a - b);
  const places = new Map(kept.map((index, place) => [index, place]));
  const leaving = new Set(indexes);
  return kept.map((index) => {
    const recipient = recipients[index];
    const { parent } = recipient;
    return {
      ...recipient,
      // A list that is half done stays with the old message.
      ...(leaving.has(index) || !isOpen(recipient) ? {} : { state: "duplicate" as const }),
      ...(parent === undefined ? {} : { parent: places.get(parent)! }),
    };
  });
}
