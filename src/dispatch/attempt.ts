/**
 * One attempt at one message: claim, expand, record, deliver, tell, settle.
 *
 * The order is what keeps mail safe. An expansion, or the portion of it at hand, is durable before any of its children is
 * tried; the attempt is recorded before it starts; who has the message is written down soon; a report to the sender is in the queue before the failure it reports is settled. A crash
 * at any point repeats something and forgets nothing.
 */
import type { Config } from "../config/config.ts";
import type { DeliveryMode } from "../config/policies.ts";
import type { Job, Report } from "../delivery/agent.ts";
import type { Agents } from "../delivery/agents.ts";
import { beforeDeadline, isTooLate, tooLateText } from "../envelope/deliver-by.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { messageSize } from "../envelope/message-size.ts";
import { type FirstAttempt, NO_ALIASES } from "../envelope/local-facts.ts";
import type { Recipient, RecipientChange, RecipientState } from "../envelope/recipient.ts";
import { type RecipientStatus, statusOfReply } from "../envelope/status.ts";
import { logTo, sameOutcomes } from "../log/mail-log.ts";
import type { Attempt, Changes, Claim, QueueEntry } from "../queue/queue.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { withoutAliases } from "../routing/aliases.ts";
import type { ExpansionContext, Portion } from "../routing/expansion.ts";
import { expandInPortions } from "../routing/recipients.ts";
import { sameTriple } from "../routing/local-user.ts";
import type { Site } from "../site/site.ts";
import { keepLostReport, type Kept } from "./dead-letter.ts";
import { compatible, type CompatibleParts } from "./compatible.ts";
import { Deliveries, deliveryScope } from "./deliveries.ts";
import { Outcomes } from "./outcomes.ts";
import { expansionLog } from "./expansion-log.ts";
import { ListAuthors } from "./list-authors.ts";
import { heldStatus, isHeld, type Occasion, unaskedStatus } from "./held.ts";
import { mayBeSplit, splitMessage } from "./split.ts";
import { postpone, type QueueWork } from "./overdue.ts";
import { nextNotice } from "./queue-timeouts.ts";
import { pendingRecipients } from "../queue/entry.ts";
import { tellExpanded, tellSenders } from "./reports.ts";
import { decide, type Settlement } from "./settle.ts";

/** A site with what delivers for it. */
export type DeliverySite = Site<Agents>;

export interface AttemptEnvironment extends QueueWork {
  /** The one in force now: an attempt keeps it to its end. */
  site(): DeliverySite;
  /** Fires when the server gives up waiting at shutdown. */
  readonly signal: AbortSignal;
}

export interface AttemptOccasion extends Occasion {
  /** Hears what became of each recipient. */
  readonly told?: FirstAttempt | undefined;
}

/** Tries the message, settles what came of it and gives the claim back. What is left is due again at its next time. */
export async function attempt(
  environment: AttemptEnvironment,
  claim: Claim,
  occasion: AttemptOccasion = {},
): Promise<void> {
  const site = environment.site();
  const release = site.use();
  try {
    await new Work(environment, site, claim, occasion).run();
  } catch (error) {
    await postpone(environment, site, claim, error);
  } finally {
    release();
    await environment.store.finish(claim, nextNotice(site.config, claim.entry.envelope));
  }
}

/** For the log. */
interface Served {
  readonly recipient: Recipient;
  readonly status: RecipientStatus;
}

/** Somebody else has the message now: what this attempt has to say about it counts no more. */
class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
}

class Work {
  readonly #environment: AttemptEnvironment;
  readonly #site: DeliverySite;
  readonly #claim: Claim;
  readonly #scope: MacroScope;
  readonly #started: number;
  readonly #occasion: AttemptOccasion;
  /** Recipients that are not tried this time. */
  readonly #held: number[] = [];
  readonly #outcomes: Outcomes;
  readonly #deliveries: Deliveries;
  readonly #listAuthors: ListAuthors | undefined;
  #entry: QueueEntry;
  #isRecorded = false;
  /** The end of the last write. */
  #writing: Promise<void> = Promise.resolve();
  /** When those may be tried whom nobody had time for. */
  #again = Infinity;

  constructor(environment: AttemptEnvironment, site: DeliverySite, claim: Claim, occasion: AttemptOccasion) {
    this.#environment = environment;
    this.#occasion = occasion;
    this.#site = site;
    this.#claim = claim;
    this.#entry = claim.entry;
    this.#started = environment.clock.now();
    this.#scope = deliveryScope(this.#site.config, claim.entry, modeOf(occasion));
    this.#outcomes = new Outcomes({
      clock: environment.clock,
      interval: site.config.options.number("CheckpointInterval"),
      isTold: claim.entry.envelope.deliverBy !== undefined,
      write: (recipients) => this.#write({ recipients }),
    });
    this.#listAuthors = ListAuthors.of(site, environment.clock);
    this.#deliveries = new Deliveries({
      config: site.config,
      clock: environment.clock,
      message: () => claim.message(),
      scope: this.#scope,
      group: claim.entry.group,
      isFirst: claim.entry.attempts === 0,
      rules: site.rules,
      signal: environment.signal,
      heard: occasion.told?.heard,
      headersOf: (list) => this.#listAuthors?.headersOf(list),
      run: (job) => this.#runJob(job),
    });
  }

  async run(): Promise<void> {
    await this.#try();
    if (!mayBeSplit(this.#site)) return;
    const { store, log, clock } = this.#environment;
    const nextTry = (group: string): number =>
      this.#environment.nextTry(this.#site, { ...this.#entry, group }, clock.now());
    await splitMessage({ store, log, nextTry }, this.#site, this.#claim, this.#scope);
  }

  async #try(): Promise<void> {
    const { envelope } = this.#entry;
    const pending = pendingRecipients(envelope);
    try {
      if (isTooLate(envelope, this.#started)) this.#giveUp(pending);
      else if (needsExpansion(this.#site.config, this.#entry, pending)) await this.#expand(pending);
      else await this.#deliver(pending);
      await this.#deliveries.idle();
      await this.#outcomes.idle();
    } catch (error) {
      // Nothing new begins; who has the message by now must not get it again.
      await this.#deliveries.stop();
      await this.#outcomes.keep();
      throw error;
    }
    const { open } = this.#outcomes;
    if (this.#held.length > 0 && nextNotice(this.#site.config, this.#entry.envelope) <= this.#started) {
      const { recipients } = this.#entry.envelope;
      for (const index of this.#held) open.set(index, recipients[index].status ?? unaskedStatus(this.#started));
    } else if (open.size === 0 && this.#held.length > 0) {
      await this.#write({ recipients: [], nextTry: this.#nextTry(this.#started) });
    }
    // Everybody was discarded, is on the list already, or has the message and is written down.
    if (open.size === 0) return;
    await this.#record([]);
    await this.#settle(open);
  }

  /** Its time (BY=) is over: nobody gets it any more. */
  #giveUp(pending: readonly number[]): void {
    const reply = { code: 554, enhanced: "5.4.7", lines: [tooLateText(this.#entry.envelope.deliverBy!)] };
    const { diagnostic: _, ...status } = statusOfReply(reply, this.#started);
    for (const index of pending) this.#ended(index, "failed", status);
  }

  /** Writes what has changed, one record after the other. */
  async #write(changes: Changes): Promise<void> {
    const written = this.#writing.then(async () => {
      const entry = await this.#environment.store.settle(this.#claim, changes);
      if (entry === undefined) throw new LeaseLostError(`the claim on ${this.#entry.id} is no longer valid`);
      this.#entry = entry;
    });
    this.#writing = written.catch(() => undefined);
    await written;
  }

  /**
   * Resolves anew and opens aliases, .forward files and lists, portion by portion: one is delivered to as soon as it is
   * durable, while the next one is made.
   */
  async #expand(pending: readonly number[]): Promise<void> {
    const { envelope, attempts } = this.#entry;
    const given = attempts === 0 ? envelope.recipients : envelope.recipients.map(withoutTriple);
    let started: Promise<void> = Promise.resolve();
    for await (const portion of expandInPortions(this.#expansionContext(envelope), given, pending)) {
      await started;
      const known = this.#entry.envelope.recipients.length;
      const { durable } = await this.#keep(portion);
      for (const { index, state, status } of portion.changes) this.#ended(index, state, status);
      portion.added.forEach(({ state, status }, offset) => this.#ended(known + offset, state, status));
      started = durable.then(() => this.#deliver(portion.ready));
      // Whoever waits for it hears of a failure: the next round, or the end.
      started.catch(() => undefined);
    }
    await started;
  }

  /** Writes a portion down, and says when it is durable. */
  async #keep({ changes, added }: Portion): Promise<{ readonly durable: Promise<void> }> {
    // Only who got children is written as "expanded" now; failures and delays are settled with the outcome of all.
    const settled = changes.filter((change) => this.#isNews(change));
    if (settled.length === 0 && added.length === 0) return { durable: Promise.resolve() };
    await tellExpanded(this.#environment.reports, this.#site, this.#claim, { changes: settled, added });
    await this.#write({ recipients: settled, added: added.map(waiting) });
    return { durable: added.length > 0 ? this.#environment.store.flush(this.#claim) : Promise.resolve() };
  }

  #expansionContext(envelope: Envelope): ExpansionContext {
    const { config, rules, users, dontBlame, agents, aliases } = this.#site;
    const { log } = this.#environment;
    const { id } = this.#entry;
    const watch = expansionLog(log, envelope);
    return {
      config,
      rules,
      aliases: envelope.macros[NO_ALIASES] === undefined ? aliases : withoutAliases,
      users,
      dontBlame,
      files: agents.files,
      scope: this.#scope,
      now: this.#started,
      warn: (text) => log.write(3, { priority: "notice", id, text }),
      ...(watch && { watch }),
    };
  }

  /** Notes and logs a recipient that no agent will see: it could not be placed. */
  #ended(index: number, state: RecipientState, status: RecipientStatus | undefined): void {
    if (status === undefined || (state !== "failed" && state !== "deferred")) return;
    const { envelope } = this.#entry;
    const recipient = envelope.recipients[index];
    this.#outcomes.note(index, recipient, status);
    this.#occasion.told?.outcome(index, recipient, undefined, status);
    this.#log(envelope, [{ recipient, status }], recipient.resolved?.mailer ?? "", this.#started);
  }

  /** @param recipients with the same outcome */
  #log(envelope: Envelope, recipients: readonly Served[], mailer: string, started: number): void {
    const { log, clock } = this.#environment;
    const { priority } = this.#entry;
    const [{ status }] = recipients;
    logTo(log, { envelope, recipients, mailer, priority, started, now: clock.now(), status });
  }

  /** False for what settling at the end writes anyway, and for what the queue knows already. */
  #isNews({ index, state, resolved }: RecipientChange): boolean {
    if (state === "failed" || state === "deferred") return false;
    const known = this.#entry.envelope.recipients[index];
    const same = resolved !== undefined && known.resolved !== undefined && sameTriple(resolved, known.resolved);
    return !(state === "todo" && same);
  }

  async #deliver(ready: readonly number[]): Promise<void> {
    const free = ready.filter((index) => !this.#hold(index));
    const now = await compatible(this.#compatibleParts(), free);
    if (now.length === 0) return;
    await this.#record(now);
    await this.#listAuthors?.look(now, this.#entry.envelope);
    this.#deliveries.add(now, this.#entry.envelope);
  }

  #compatibleParts(): CompatibleParts {
    return {
      site: this.#site,
      envelope: this.#entry.envelope,
      scope: this.#scope,
      log: this.#environment.log,
      now: this.#started,
      ended: (index, state, status) => this.#ended(index, state, status),
      discarded: (indexes) => this.#write({ recipients: indexes.map((index) => ({ index, state: "discarded" })) }),
    };
  }

  /** Leaves a recipient in the queue who is not for now. */
  #hold(index: number): boolean {
    const { envelope } = this.#entry;
    const recipient = envelope.recipients[index];
    if (!isHeld(this.#site.config, recipient, this.#occasion)) return false;
    this.#held.push(index);
    this.#occasion.told?.outcome(index, recipient, undefined, this.#queued());
    this.#log(envelope, [{ recipient, status: this.#queued() }], recipient.resolved?.mailer ?? "", this.#started);
    return true;
  }

  #queued(): RecipientStatus {
    return heldStatus(this.#started);
  }

  /** Records the attempt, once: whom its later portions are about stands in the queue, durable, before they are tried. */
  async #record(recipients: readonly number[]): Promise<void> {
    if (this.#isRecorded) return;
    this.#isRecorded = true;
    const record: Attempt = { at: this.#started, recipients };
    await this.#environment.store.record(this.#claim, record);
  }

  async #runJob(job: Job): Promise<void> {
    const { clock } = this.#environment;
    const started = clock.now();
    const report = await this.#reportOf(job);
    this.#again = Math.min(this.#again, report?.again ?? Infinity);
    if (report !== undefined) this.#count(job, report);
    const served: Served[] = [];
    for (const { index, recipient, triple } of job.recipients) {
      const status = report?.statuses.get(index) ?? lost(clock.now());
      this.#outcomes.note(index, recipient, status);
      if (report === undefined) continue;
      this.#occasion.told?.outcome(index, recipient, triple, status);
      served.push({ recipient, status });
    }
    for (const recipients of sameOutcomes(served)) this.#log(job.envelope, recipients, job.mailer.name, started);
    this.#outcomes.checkpoint();
  }

  /** A transaction in which somebody got the message. */
  #count({ mailer, envelope }: Job, { statuses }: Report): void {
    const isSent = [...statuses.values()].some(({ action }) => action === "relayed" || action === "delivered");
    if (isSent) this.#site.statistics.went(mailer.name, messageSize(envelope));
  }

  /** Undefined after a fault of ours: its recipients wait, and nobody whom another one served gets the message again. */
  async #reportOf(job: Job): Promise<Report | undefined> {
    try {
      return await this.#site.agents.agentFor(job.mailer).deliver(job);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const text = `SYSERR: delivery by mailer ${job.mailer.name} failed: ${reason}`;
      this.#environment.log.write(1, { priority: "crit", id: this.#entry.id, text });
      return undefined;
    }
  }

  async #settle(statuses: ReadonlyMap<number, RecipientStatus>): Promise<void> {
    const { clock, reports } = this.#environment;
    const now = clock.now();
    const settlement: Settlement = decide(this.#site.config, this.#entry, statuses, now);
    const { warnedAt } = settlement;
    const { envelope } = this.#entry;
    let kept: Kept;
    try {
      const untold = await tellSenders(reports, this.#site, envelope, settlement, this.#claim.message());
      kept = await keepLostReport({ ...this.#environment, site: this.#site, claim: this.#claim }, settlement, untold);
    } catch (error) {
      // Failures are met again later; but who has the message must not get it again because of them.
      const recipients = settlement.changes.filter(({ state }) => state !== "failed");
      await this.#write({ recipients, nextTry: this.#nextTry(now) });
      throw error;
    }
    const { changes, unfinished, hold } = kept;
    const nextTry = unfinished || this.#held.length > 0 ? this.#nextTry(now) : undefined;
    await this.#write({ recipients: changes, nextTry, warnedAt });
    if (hold !== undefined) await this.#environment.store.hold(this.#entry.id, hold);
  }

  #nextTry(now: number): number {
    const usual = Math.min(this.#again, this.#environment.nextTry(this.#site, this.#entry, now));
    return beforeDeadline(this.#entry.envelope, usual, now);
  }
}

/** A fresh message whose recipients all go to mailers that look nothing up can be delivered as it is. */
function needsExpansion(config: Config, entry: QueueEntry, pending: readonly number[]): boolean {
  if (entry.attempts > 0) return true;
  return pending.some((index) => {
    const triple = entry.envelope.recipients[index].resolved;
    const flags = triple && config.mailers.get(triple.mailer)?.flags;
    return flags === undefined || flags.has("A") || flags.has("5") || flags.has("w");
  });
}

function withoutTriple(recipient: Recipient): Recipient {
  return recipient.state === "todo" || recipient.state === "deferred"
    ? { ...recipient, resolved: undefined }
    : recipient;
}

/** A child whose first attempt is still to come, whatever placing it said: the outcome is settled with all others. */
function waiting(recipient: Recipient): Recipient {
  return recipient.state === "failed" || recipient.state === "deferred" ? { ...recipient, state: "todo" } : recipient;
}

function lost(at: number): RecipientStatus {
  return statusOfReply({ code: 451, enhanced: "4.3.0", lines: ["delivery agent gave no answer"] }, at);
}

/** For {deliveryMode}: a queue run delivers, whatever mode has put its mail into the queue. */
function modeOf({ atOnce, told }: AttemptOccasion): DeliveryMode {
  return atOnce === true && told === undefined ? "b" : "i";
}
