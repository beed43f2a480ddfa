/**
 * What operators ask of the queue, and do with it: the services behind `rulemail queue`. The running server offers them on its
 * control socket; a command that finds no server does the same over the folders.
 */
import { type Explanation, explainInForce } from "../analysis/explain.ts";
import type { QueuedMessage, Steering, Why } from "../control/queue-answers.ts";
import { TopCount } from "../control/queue-top.ts";
import type { ControlServices } from "../control/server.ts";
import { bounce, checkRoute, type NewRoute, reroute, type Steered, type SteerEnvironment } from "../dispatch/steer.ts";
import { queueTimeout } from "../dispatch/queue-timeouts.ts";
import type { Recipient } from "../envelope/recipient.ts";
import type { Log } from "../log/log.ts";
import { shorten } from "../log/safe-text.ts";
import { eachOutline } from "../queue/each-entry.ts";
import { type QueueFilter, recipientMatcherOf } from "../queue/filter.ts";
import type { EntryOutline } from "../queue/outline.ts";
import type { QueueEntry, QueueStore } from "../queue/queue.ts";
import { destination } from "../routing/alias-list.ts";
import type { Site } from "../site/site.ts";
import { someAtOnce } from "../sys/at-once.ts";
import { Breaths } from "../sys/breath.ts";

/** What can be asked without changing anything. */
export type QueueLooks = Pick<ControlServices, "ids" | "top" | "why" | "show">;

export interface QueueChanges {
  hold(filter: QueueFilter, reason: string): Promise<Steering>;
  release(filter: QueueFilter): Promise<Steering>;
  remove(filter: QueueFilter): Promise<Steering>;
  bounce(filter: QueueFilter, reason: string): Promise<Steering>;
  /** Rejects when no mail can go that way, whatever message it is. */
  reroute(filter: QueueFilter, route: NewRoute): Promise<Steering>;
}

export interface LookParts {
  readonly store: Pick<QueueStore, "list" | "outlines" | "get" | "inspect" | "claimedIds">;
  /** The configuration in force; without one nothing is said about routes and times. */
  site(): Site | undefined;
  /** Why a message is not tried now, when something particular holds it up. */
  whyNot(entry: EntryOutline): string | undefined;
}

/** Messages that are changed at the same time: what each of them waits for, the disk, serves all. */
const AT_ONCE = 50;

/** Recipients of one message whose routes are looked up. */
const MOST_ROUTES = 50;

export function queueLooks(parts: LookParts): QueueLooks {
  const { store } = parts;
  const queued = async (entry: QueueEntry): Promise<QueuedMessage> => {
    const waits = parts.whyNot(entry);
    const claimed = (await store.claimedIds()).has(entry.id);
    return { entry, claimed, ...(waits === undefined ? {} : { waits }) };
  };
  return {
    async *ids(filter) {
      for await (const { id } of eachOutline(store, filter)) yield id;
    },
    async top(filter, by, most) {
      const count = new TopCount(by, recipientMatcherOf(filter));
      const breaths = new Breaths();
      for await (const entry of eachOutline(store, filter)) {
        count.add(entry, parts.whyNot(entry));
        if (breaths.isDue()) await breaths.take();
      }
      return count.result(most);
    },
    async why(id, filter) {
      const found = await store.inspect(id);
      if (found === undefined) return undefined;
      const site = parts.site();
      const release = site?.use();
      try {
        return await whyOf(await queued(found.entry), filter, site);
      } finally {
        release?.();
      }
    },
    async show(id) {
      const found = await store.inspect(id);
      return found && { message: await queued(found.entry), body: found.body };
    },
  };
}

async function whyOf(message: QueuedMessage, filter: QueueFilter, site: Site | undefined): Promise<Why> {
  const { envelope } = message.entry;
  const isMeant = recipientMatcherOf(filter);
  const meant = [...envelope.recipients.keys()].filter((index) => isMeant(envelope.recipients[index]));
  const explained = site === undefined ? [] : meant.slice(0, MOST_ROUTES);
  const routes: Record<number, Explanation> = {};
  for (const index of explained) {
    const route = await routeOf(site!, envelope.recipients[index]);
    if (route !== undefined) routes[index] = route;
  }
  // The header is not what holds it up, and may be long.
  const entry = { ...message.entry, envelope: { ...envelope, headers: [] } };
  const times = site === undefined ? {} : timesOf(message.entry, site);
  return { ...message, entry, ...times, routes, unexplained: meant.length - explained.length };
}

/** Of what is no address nothing was asked. */
async function routeOf({ config, aliases, users }: Site, recipient: Recipient): Promise<Explanation | undefined> {
  const { given, parent } = recipient;
  if (parent !== undefined && destination(given).kind !== "address") return undefined;
  return explainInForce(config, { address: given, role: "recipient" }, { aliases, users });
}

function timesOf({ envelope }: QueueEntry, { config }: Site): Pick<Why, "warnAt" | "giveUpAt"> {
  const { arrived, deliverBy, warnedAt } = envelope;
  const lifetime = queueTimeout(config, "queuereturn", envelope) || Infinity;
  const by = deliverBy?.mode === "return" ? deliverBy.seconds * 1000 : Infinity;
  const giveUpAt = arrived + Math.min(lifetime, by);
  const patience = queueTimeout(config, "queuewarn", envelope);
  return {
    ...(patience > 0 && warnedAt === undefined ? { warnAt: arrived + patience } : {}),
    ...(giveUpAt === Infinity ? {} : { giveUpAt }),
  };
}

export function queueChanges(environment: SteerEnvironment): QueueChanges {
  const { store, log } = environment;
  const each = (filter: QueueFilter, said: string, action: (id: string) => Promise<boolean>): Promise<Steering> =>
    steered(environment, filter, async (id) => {
      if (!(await action(id))) return "unchanged";
      note(log, id, said);
      return "done";
    });
  return {
    hold: (filter, reason) => each(filter, `held: ${shorten(reason)}`, (id) => store.hold(id, reason)),
    release: (filter) => each({ ...filter, held: true }, "released", (id) => store.release(id)),
    remove: (filter) => each(filter, "removed", (id) => store.remove(id)),
    bounce: (filter, reason) => {
      const isMeant = recipientMatcherOf(filter);
      return steered(environment, filter, (id) =>
        whenFree(environment, () => bounce(environment, id, isMeant, reason)),
      );
    },
    reroute: async (filter, route) => {
      await checkRoute(environment, route);
      const isMeant = recipientMatcherOf(filter);
      return steered(environment, filter, (id) =>
        whenFree(environment, () => reroute(environment, id, isMeant, route)),
      );
    },
  };
}

/** What was done by hand has to be found again. */
function note(log: Log, id: string, what: string): void {
  log.write(5, { priority: "info", id, text: `${what} by the operator` });
}

const WHY_NOT: Readonly<Record<Exclude<Steered, "done">, string>> = {
  busy: "it is being delivered just now",
  gone: "it is no longer in the queue",
  none: "none of its recipients is meant any more",
};

/** An attempt under way is waited for, ms; and how often somebody looks. */
const PATIENCE = 15_000;
const LOOK_AGAIN = 250;

async function whenFree({ clock }: SteerEnvironment, action: () => Promise<Steered>): Promise<Steered> {
  const until = clock.now() + PATIENCE;
  for (;;) {
    const outcome = await action();
    if (outcome !== "busy" || clock.now() >= until) return outcome;
    await new Promise<void>((resolve) => void clock.after(LOOK_AGAIN, resolve));
  }
}

/** @param action "unchanged": it is so already, or gone, and nobody needs to hear of it */
async function steered(
  { store }: Pick<SteerEnvironment, "store">,
  filter: QueueFilter,
  action: (id: string) => Promise<Steered | "unchanged">,
): Promise<Steering> {
  const left: { id: string; why: string }[] = [];
  let done = 0;
  await someAtOnce(eachOutline(store, filter), AT_ONCE, async ({ id }) => {
    try {
      const outcome = await action(id);
      if (outcome === "done") done++;
      else if (outcome !== "unchanged") left.push({ id, why: WHY_NOT[outcome] });
    } catch (error) {
      left.push({ id, why: error instanceof Error ? error.message : String(error) });
    }
  });
  return { done, left };
}
