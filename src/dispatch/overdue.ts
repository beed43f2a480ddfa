/**
 * Messages that are not tried and whose time runs all the same: because their destination takes nothing now, or because of a
 * fault of ours. Their senders hear of the delay, and get them back when it is too long, as after an attempt.
 */
import type { Recipient } from "../envelope/recipient.ts";
import { type RecipientStatus, statusOfReply } from "../envelope/status.ts";
import { pendingRecipients } from "../queue/entry.ts";
import type { Log } from "../log/log.ts";
import type { Changes, Claim, QueueEntry, QueueStore } from "../queue/queue.ts";
import type { Site } from "../site/site.ts";
import type { Clock } from "../sys/clock.ts";
import { reasonToHold, stillWaiting } from "./dead-letter.ts";
import { nextNotice } from "./queue-timeouts.ts";
import { type ReportSender, tellSenders } from "./reports.ts";
import { decide } from "./settle.ts";

/** What whoever works on messages needs. */
export interface QueueWork {
  /** The one in force now. */
  site(): Site;
  readonly store: QueueStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly reports: ReportSender;
  /** When a message that was tried now is due again, ms since the epoch. */
  nextTry(site: Site, entry: QueueEntry, now: number): number;
}

/** What to say of a recipient who is not tried. */
type Standing = (recipient: Recipient) => RecipientStatus;

/**
 * For a message whose destination takes nothing now: what is to be told is told, and the claim given back.
 * @param reason why nobody tries
 */
export async function lookAt(environment: QueueWork, claim: Claim, reason: string): Promise<void> {
  const { clock, store } = environment;
  const site = environment.site();
  const release = site.use();
  const now = clock.now();
  const waits = { action: "delayed", status: "4.4.1", text: `Deferred: ${reason}`, at: now } as const;
  try {
    const overdue = await tellOverdue(environment, site, claim, ({ status }) => status ?? waits);
    if (overdue !== undefined) {
      // Those who go on waiting keep what the last attempt said.
      const recipients = overdue.recipients.filter(({ state }) => state !== "deferred");
      await store.settle(claim, { ...overdue, recipients });
      if (overdue.hold !== undefined) await store.hold(claim.entry.id, overdue.hold);
    }
  } catch (error) {
    await putOff(environment, site, claim, error);
  } finally {
    release();
    await store.finish(claim, nextNotice(site.config, claim.entry.envelope));
  }
}

/**
 * After an attempt that ended with an accident. Nothing about mail is thrown: this is a fault of ours or of the disk. The
 * message stays and waits its turn; but a fault that comes back at each attempt must not keep it for ever without a word.
 */
export async function postpone(environment: QueueWork, site: Site, claim: Claim, error: unknown): Promise<void> {
  const { clock, store } = environment;
  log(environment, claim, `delivery attempt failed: ${described(error)}`);
  const status = statusOfReply({ code: 451, enhanced: "4.3.0", lines: ["internal error"] }, clock.now());
  try {
    const overdue = await tellOverdue(environment, site, claim, () => status);
    const isLeft = overdue?.recipients.some(({ state }) => state === "deferred") ?? true;
    const nextTry = isLeft ? environment.nextTry(site, claim.entry, clock.now()) : undefined;
    await store.settle(claim, { recipients: [], ...overdue, nextTry });
    if (overdue?.hold !== undefined) await store.hold(claim.entry.id, overdue.hold);
  } catch (problem) {
    await putOff(environment, site, claim, problem);
  }
}

/** The last resort: it comes again at its next time. */
async function putOff(environment: QueueWork, site: Site, claim: Claim, error: unknown): Promise<void> {
  const { clock, store } = environment;
  log(environment, claim, `delivery attempt failed: ${messageOf(error)}`);
  try {
    await store.settle(claim, { recipients: [], nextTry: environment.nextTry(site, claim.entry, clock.now()) });
  } catch (problem) {
    log(environment, claim, `queue: ${messageOf(problem)}`);
  }
}

/** What is to be settled, and why the message is held then (dead-letter.ts). */
interface Overdue extends Changes {
  readonly hold?: string;
}

/** Tells what is to be told by now. Undefined: nothing. */
async function tellOverdue(
  { clock, reports }: QueueWork,
  site: Site,
  claim: Claim,
  standing: Standing,
): Promise<Overdue | undefined> {
  const { entry } = claim;
  const { envelope } = entry;
  const statuses = pendingRecipients(envelope).map((index) => [index, standing(envelope.recipients[index])] as const);
  const settlement = decide(site.config, entry, new Map(statuses), clock.now());
  const { changes: recipients, failed, delayed, warnedAt } = settlement;
  if (failed.length === 0 && delayed.length === 0) return undefined;
  const lost = await tellSenders(reports, site, envelope, settlement, claim.message());
  if (lost.length === 0) return { recipients, warnedAt };
  return { recipients: stillWaiting(recipients, lost), warnedAt, hold: reasonToHold(lost) };
}

function log({ log: lines }: QueueWork, { entry: { id } }: Claim, text: string): void {
  lines.write(1, { priority: "crit", id, text: `SYSERR: ${text}`.replaceAll("\n", " ") });
}

function described(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
