/**
 * What operators do with mail that still lies in the client queue: it goes back to its sender, or another way. The server trusts
 * nothing in files that users own, routes least of all: it takes the message over first, as it does at a collection but held, and
 * steers it in its own queue. What the server would refuse to take over can be returned all the same.
 */
import type { Steering } from "../control/queue-answers.ts";
import { checkRoute, type NewRoute, returnUnqueued, type SteerEnvironment } from "../dispatch/steer.ts";
import { replyText } from "../mail/reply.ts";
import type { ClientMessage } from "../queue/client-queue.ts";
import { matcherOf, type QueueFilter, recipientMatcherOf } from "../queue/filter.ts";
import type { QueueEntry } from "../queue/queue.ts";
import { submittedFields } from "../reception/submission-header.ts";
import type { SubmissionResult } from "../reception/submission.ts";
import type { ClientQueueCollector } from "./client-queue-collector.ts";
import { queueChanges } from "./queue-desk.ts";

export interface ClientQueueChanges {
  /** The answer names messages by the ids that they have in the client queue. */
  bounceClient(filter: QueueFilter, reason: string): Promise<Steering>;
  /** Rejects when no mail can go that way, whatever message it is. */
  rerouteClient(filter: QueueFilter, route: NewRoute): Promise<Steering>;
}

/** Until it is known what becomes of it; said of a message that stays so, because something went wrong. */
const TAKEN_OVER = "taken over from the client queue by the operator";

interface Work {
  readonly filter: QueueFilter;
  /** With one message of our queue. */
  readonly steer: (filter: QueueFilter) => Promise<Steering>;
  /** When the server refuses to take it over for good; false: nothing can be done. */
  readonly refused: (message: ClientMessage, result: SubmissionResult) => Promise<boolean>;
}

export function clientQueueChanges(
  collector: Pick<ClientQueueCollector, "offer" | "submit">,
  environment: SteerEnvironment,
): ClientQueueChanges {
  const changes = queueChanges(environment);
  return {
    bounceClient: (filter, reason) =>
      steered(collector, environment, {
        filter,
        steer: (meant) => changes.bounce(meant, reason),
        refused: (message, result) => returnRefused(environment, filter, message, result, reason),
      }),
    rerouteClient: async (filter, route) => {
      await checkRoute(environment, route);
      return steered(collector, environment, {
        filter,
        steer: (meant) => changes.reroute(meant, route),
        refused: () => Promise.resolve(false),
      });
    },
  };
}

async function steered(
  collector: Pick<ClientQueueCollector, "offer" | "submit">,
  environment: SteerEnvironment,
  { filter, steer, refused }: Work,
): Promise<Steering> {
  const taken: { from: QueueEntry; id: string }[] = [];
  let returned = 0;
  const take = async (message: ClientMessage): Promise<boolean> => {
    const { entry } = message;
    const result = await collector.submit(message, { hold: entry.hold ?? TAKEN_OVER });
    const { reply, id } = result;
    if (reply.code !== 250) {
      if (reply.code < 500 || !(await refused(message, result))) throw new Error(replyText(reply));
      returned++;
      return true;
    }
    // The rules throw all of its recipients away: that is for a collection to do, not what was asked for.
    if (id === undefined) throw new Error(replyText(reply));
    environment.log.write(5, { priority: "info", id, text: `${TAKEN_OVER}: ${entry.id}` });
    taken.push({ from: entry, id });
    return true;
  };
  const matches = matcherOf(filter);
  const seen = new Set<string>();
  const isMeant = (entry: QueueEntry): boolean => {
    seen.add(entry.id);
    return matches(entry);
  };
  const { failed } = await collector.offer(isMeant, take);
  const gone = (filter.ids ?? []).filter((id) => !seen.has(id));
  const left = [...failed, ...gone.map((id) => ({ id, why: "it is no longer in the client queue" }))];
  let done = returned;
  for (const { from, id } of taken) {
    const outcome = await steer({ ids: [id], ...meantOf(from, filter) });
    done += outcome.done;
    if (outcome.done + outcome.left.length === 0) left.push({ id: from.id, why: `a rule threw it away as ${id}` });
    for (const { why } of outcome.left) left.push({ id: from.id, why: `it is ${id} now, held in the queue: ${why}` });
    if (outcome.done > 0 && from.hold === undefined) await letGo(environment, id);
  }
  return { done, left };
}

/** The recipients that are meant, by their names: what the rules say of them is known of the message in our queue alone. */
function meantOf({ envelope: { recipients } }: QueueEntry, filter: QueueFilter): Pick<QueueFilter, "recipient"> {
  const meant = recipients.filter(recipientMatcherOf(filter));
  if (meant.length === recipients.length) return {};
  return { recipient: meant.map(({ given }) => ({ text: given, whole: true })) };
}

/** What is left of it waits like other mail; a quarantine of the server's own stays. */
async function letGo({ store }: Pick<SteerEnvironment, "store">, id: string): Promise<void> {
  if ((await store.get(id))?.hold === TAKEN_OVER) await store.release(id);
}

/** Only whole messages: whom else it is for, the server would not deliver to. @returns false: not to be returned */
async function returnRefused(
  environment: SteerEnvironment,
  filter: QueueFilter,
  { entry, body }: ClientMessage,
  { reply, sender }: SubmissionResult,
  reason: string,
): Promise<boolean> {
  const { envelope, priority } = entry;
  if (sender === undefined || !envelope.recipients.every(recipientMatcherOf(filter))) return false;
  const headers = submittedFields(envelope.headers);
  const said = `${reason} (the server refused it: ${replyText(reply)})`;
  await returnUnqueued(environment, { envelope: { ...envelope, sender, headers }, priority }, body, said);
  return true;
}
