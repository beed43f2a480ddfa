/**
 * What an operator decides about recipients that wait, beside hold, release and remove: their mail goes back to the sender, or
 * another way. Works as an attempt does: under a claim, reports first, and durable when it resolves.
 */
import type { MessageReader } from "../envelope/message.ts";
import { isOpen, type NextHop, type Recipient, type RecipientChange } from "../envelope/recipient.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import { withTries } from "../envelope/tries.ts";
import { logTo } from "../log/mail-log.ts";
import { shorten } from "../log/safe-text.ts";
import { replyText } from "../mail/reply.ts";
import type { Changes, Claim, QueueEntry } from "../queue/queue.ts";
import { destination } from "../routing/alias-list.ts";
import { resolveRerouted } from "../routing/rerouted.ts";
import { directRefusal } from "../routing/refusal.ts";
import type { AttemptEnvironment, DeliverySite } from "./attempt.ts";
import { tellSenders } from "./reports.ts";

export type SteerEnvironment = Pick<AttemptEnvironment, "site" | "store" | "clock" | "log" | "reports">;

/** Which recipients of a message are meant; only those that are still to be delivered to are asked about. */
export type Chosen = (recipient: Recipient) => boolean;

/** "busy": it is being delivered just now; "gone": it is no longer in the queue; "none": it has no such recipient. */
export type Steered = "done" | "busy" | "gone" | "none";

/** Where mail is to go instead. */
export type NewRoute =
  /** To another recipient. */
  | { readonly kind: "address"; readonly address: string }
  /** By way of another host. Without a mailer that of the recipient, when it opens connections. */
  | { readonly kind: "host"; readonly host: string; readonly mailer?: string }
  /** Where the rules say, after all. */
  | { readonly kind: "rules" };

/** RFC 3463: the code class 5.0 says no more than the words. */
const RETURNED = "5.0.0";

const BY_RULES: NextHop = { mailer: "", host: "" };

/** Returns mail to its sender: the recipients have failed for good, with the reason that is given. */
export function bounce(environment: SteerEnvironment, id: string, chosen: Chosen, reason: string): Promise<Steered> {
  return underClaim(environment, id, chosen, async (site, claim, indexes) => ({
    recipients: await tellReturned(environment, site, claim.entry, claim.message(), indexes, reason),
  }));
}

/**
 * Returns a whole message that is in no queue of ours: its recipients count as failed when this resolves, with the report in the
 * queue.
 * @throws when the report cannot be queued
 */
export async function returnUnqueued(
  environment: SteerEnvironment,
  entry: Pick<QueueEntry, "envelope" | "priority">,
  message: MessageReader,
  reason: string,
): Promise<void> {
  const site = environment.site();
  const release = site.use();
  try {
    await tellReturned(environment, site, entry, message, [...entry.envelope.recipients.keys()], reason);
  } finally {
    release();
  }
}

async function tellReturned(
  { clock, log, reports }: SteerEnvironment,
  site: DeliverySite,
  { envelope, priority }: Pick<QueueEntry, "envelope" | "priority">,
  message: MessageReader,
  indexes: readonly number[],
  reason: string,
): Promise<readonly RecipientChange[]> {
  const now = clock.now();
  const failed = indexes.map((index) => {
    const recipient = envelope.recipients[index];
    return { index, recipient, status: returned(recipient, reason, envelope.recipients.length, now) };
  });
  await tellSenders(reports, site, envelope, { failed, delayed: [], delivered: [] }, message);
  for (const { recipient, status } of failed) {
    const mailer = recipient.resolved?.mailer ?? "";
    logTo(log, { envelope, recipients: [{ recipient }], mailer, priority, started: now, now, status });
  }
  return failed.map(({ index, status }) => ({ index, state: "failed", status }));
}

function returned({ status: last }: Recipient, reason: string, recipients: number, at: number): RecipientStatus {
  const text = last === undefined ? reason : `${reason} (last attempt: ${last.text.replace(/^Deferred: /, "")})`;
  return withTries(last, { action: "failed", status: RETURNED, text, at }, recipients);
}

/**
 * Sends mail another way, and makes it due now; what is held stays held.
 * @throws when the route cannot be: no such mailer, no address
 */
export function reroute(environment: SteerEnvironment, id: string, chosen: Chosen, route: NewRoute): Promise<Steered> {
  return underClaim(environment, id, chosen, async (site, { entry }, indexes) => {
    const { clock, log } = environment;
    const now = clock.now();
    const { recipients } = entry.envelope;
    const changes =
      route.kind === "address"
        ? readdressed(recipients, indexes, await checkedAddress(site, route.address), now)
        : { recipients: await rerouted(site, recipients, indexes, route) };
    const who = shorten(indexes.map((index) => recipients[index].given).join(","));
    log.write(5, {
      priority: "info",
      id,
      text: `rerouted by the operator: to=${who}, route=${shorten(routeText(route))}`,
    });
    return { ...changes, nextTry: now };
  });
}

/**
 * What can be said of a route before anybody looks at a message.
 * @throws when no mail can go that way
 */
export async function checkRoute({ site: current }: Pick<SteerEnvironment, "site">, route: NewRoute): Promise<void> {
  const site = current();
  const release = site.use();
  try {
    if (route.kind === "address") await checkedAddress(site, route.address);
    if (route.kind === "host") nextHop(site, route.mailer ?? anyMailer(site), route);
  } finally {
    release();
  }
}

/** One that opens connections, as that of a recipient should. */
function anyMailer({ agents, config }: DeliverySite): string {
  return [...config.mailers.keys()].find((name) => agents.connects(name)) ?? "";
}

/** "by way of esmtp:[192.0.2.1]", for logs. */
function routeText(route: NewRoute): string {
  if (route.kind === "address") return route.address;
  if (route.kind === "rules") return "as the rules say";
  return route.mailer === undefined ? route.host : `${route.mailer}:${route.host}`;
}

/**
 * An address that mail may be sent to from outside: no program, file or list.
 * @throws what is wrong with it
 */
async function checkedAddress({ rules, config }: DeliverySite, address: string): Promise<string> {
  const fail = (why: string): never => {
    throw new Error(`Cannot reroute to ${JSON.stringify(address)}: ${why}`);
  };
  if (destination(address).kind !== "address" || /[\x00-\x1f\x7f]/.test(address)) fail("not an address");
  const resolution = await rules.resolve(address, config.macros.child());
  if (resolution.kind === "error") return fail(replyText(resolution.reply));
  if (resolution.kind === "discard") return fail("the rules throw it away");
  const refusal = resolution.kind === "triple" ? directRefusal(resolution.triple) : undefined;
  return refusal === undefined ? address : fail(replyText(refusal));
}

/** The new recipient has what was asked for the old one, which it stands for. */
function readdressed(
  recipients: readonly Recipient[],
  indexes: readonly number[],
  address: string,
  at: number,
): Pick<Changes, "recipients" | "added"> {
  const status: RecipientStatus = { action: "expanded", status: "2.1.5", text: `Rerouted to <${address}>`, at };
  return {
    recipients: indexes.map((index) => ({ index, state: "duplicate", status })),
    added: indexes.map((index) => {
      const { orcpt, notify, owner } = recipients[index];
      return {
        given: address,
        state: "todo",
        ...(orcpt === undefined ? {} : { orcpt }),
        ...(notify === undefined ? {} : { notify }),
        ...(owner === undefined ? {} : { owner }),
      };
    }),
  };
}

async function rerouted(
  site: DeliverySite,
  recipients: readonly Recipient[],
  indexes: readonly number[],
  route: Exclude<NewRoute, { kind: "address" }>,
): Promise<RecipientChange[]> {
  const changes: RecipientChange[] = [];
  for (const index of indexes) {
    const recipient = recipients[index];
    const hop =
      route.kind === "rules" ? BY_RULES : nextHop(site, route.mailer ?? (await mailerOf(site, recipient)), route);
    const { rules, config } = site;
    const scope = config.macros.child();
    const asked = { given: recipient.given, rerouted: hop };
    const resolution =
      (await resolveRerouted({ config, rules, scope }, asked)) ?? (await rules.resolve(asked.given, scope));
    // What cannot be told now is told at the attempt.
    const resolved = resolution.kind === "triple" ? { resolved: resolution.triple } : {};
    changes.push({ index, state: recipient.state, rerouted: hop, ...resolved });
  }
  return changes;
}

/** That of the recipient; what nobody has looked at yet the rules are asked about. "": it has none. */
async function mailerOf({ rules, config }: DeliverySite, { given, resolved }: Recipient): Promise<string> {
  if (resolved !== undefined) return resolved.mailer;
  const resolution = await rules.resolve(given, config.macros.child());
  return resolution.kind === "triple" ? resolution.triple.mailer : "";
}

/** @throws when the mailer does not open connections, or none is known */
function nextHop({ agents, config }: DeliverySite, wanted: string, route: NewRoute & { kind: "host" }): NextHop {
  const { host } = route;
  const fail = (why: string): never => {
    throw new Error(`Cannot reroute by way of ${JSON.stringify(routeText(route))}: ${why}`);
  };
  if (host === "" || /[\s\x00-\x1f\x7f]/.test(host)) fail("not the name of a host");
  const mailer = config.mailers.get(wanted) ?? config.mailers.get(wanted.toLowerCase());
  if (mailer !== undefined && agents.connects(mailer.name)) return { mailer: mailer.name, host };
  const networked = [...config.mailers.keys()].filter((name) => agents.connects(name)).join(", ");
  return fail(
    route.mailer === undefined
      ? `mailer ${wanted === "" ? "unknown" : wanted} of the recipient opens no connections; name one of ${networked}`
      : `no mailer ${wanted} opens connections; there are ${networked}`,
  );
}

/** Claims, works on the recipients that are meant, writes down what comes of it, and waits until that is durable. */
async function underClaim(
  { site: current, store }: SteerEnvironment,
  id: string,
  chosen: Chosen,
  work: (site: DeliverySite, claim: Claim, indexes: readonly number[]) => Promise<Changes>,
): Promise<Steered> {
  const claim = await store.claim(id, "held too");
  if (claim === undefined) return (await store.get(id)) === undefined ? "gone" : "busy";
  const site = current();
  const release = site.use();
  try {
    const { recipients } = claim.entry.envelope;
    const indexes = [...recipients.keys()].filter((index) => isOpen(recipients[index]) && chosen(recipients[index]));
    if (indexes.length === 0) return "none";
    const changes = await work(site, claim, indexes);
    if ((await store.settle(claim, changes)) === undefined) return "busy";
    await store.flush(claim);
    return "done";
  } finally {
    release();
    await store.finish(claim);
  }
}
