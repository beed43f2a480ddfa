/** The transactions of one attempt: who is ready is grouped, and some groups are delivered to at the same time. */
import type { Config } from "../config/config.ts";
import type { DeliveryMode } from "../config/policies.ts";
import type { Job } from "../delivery/agent.ts";
import { type JobGroup, JobLine } from "../delivery/group.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { FirstAttempt } from "../envelope/local-facts.ts";
import type { MessageReader } from "../envelope/message.ts";
import type { HeaderField } from "../mail/header.ts";
import type { QueueEntry } from "../queue/queue.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { MailRules } from "../routing/mail-rules.ts";
import { type SenderFacts, senderFacts } from "../routing/sender-facts.ts";
import { breath } from "../sys/breath.ts";
import type { Clock } from "../sys/clock.ts";

/** What the jobs of a message have in common. */
export interface DeliveriesParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly message: () => MessageReader;
  /** Macros of the envelope. */
  readonly scope: MacroScope;
  /** Queue group that the message waits in. */
  readonly group: string;
  /** The first attempt at the message. */
  readonly isFirst: boolean;
  readonly rules: MailRules;
  readonly signal: AbortSignal;
  /** Who wants to hear what is said to the next hosts. */
  readonly heard?: FirstAttempt["heard"];
  /** The header that members of a list get, by its owner; undefined: that of the message. */
  readonly headersOf?: (list: string) => readonly HeaderField[] | undefined;
  /** Delivers, and notes what came of it. */
  readonly run: (job: Job) => Promise<void>;
}

/** Transactions of one message at the same time: a list with members at 500 hosts is not 500 connections. */
const JOBS_AT_ONCE = 20;
/** So many are left of them while others want the process, too. */
const FEWEST_AT_ONCE = 2;
/** A turn of the event loop that takes longer is a full one: there is no waiting for hosts that could be used, ms. */
const FULL_TURN = 2;
/** One that takes longer mostly waits, ms: a host that says nothing does not keep the others of a list waiting. */
const PATIENCE = 5_000;
/** So many of a message may wait like that. */
const MOST_WAITING = 200;

interface Running {
  readonly since: number;
  isLate: boolean;
}

export class Deliveries {
  readonly #parts: DeliveriesParts;
  /** Owner of a list (undefined: the sender) → who is served in his name. */
  readonly #lines = new Map<string | undefined, JobLine>();
  /** By sender: of the message, or of a list. */
  readonly #senders = new Map<string, SenderFacts>();
  readonly #waiting: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];
  #envelope: Envelope | undefined;
  /** What goes on, since when, the oldest first. */
  readonly #running = new Set<Running>();
  #most = JOBS_AT_ONCE;
  /** Those of them that are counted no more. */
  #late = 0;
  /** Somebody waits, and the patience with the oldest that counts is timed. */
  #cancelPatience: (() => void) | undefined;
  #isStopped = false;
  #fault: { readonly error: unknown } | undefined;

  constructor(parts: DeliveriesParts) {
    this.#parts = parts;
  }

  /** @param envelope as it is now; the indexes are those of its recipients */
  add(indexes: readonly number[], envelope: Envelope): void {
    this.#envelope = envelope;
    for (const index of indexes) {
      const recipient = envelope.recipients[index];
      if (recipient.resolved === undefined) continue;
      let line = this.#lines.get(recipient.owner);
      if (line === undefined) this.#lines.set(recipient.owner, (line = new JobLine(this.#parts.config)));
      line.add({ index, recipient, triple: recipient.resolved });
    }
    this.#begin();
  }

  /** Resolves when nobody waits and nothing goes on; rejects with the first accident of `run`. */
  async idle(): Promise<void> {
    if (this.#running.size > 0) await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    if (this.#fault !== undefined) throw this.#fault.error;
  }

  /** Begins nothing more and waits for what goes on. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.idle().catch(() => undefined);
  }

  #begin(): void {
    while (this.#running.size - this.#late < this.#most && !this.#isStopped) {
      const job = this.#next();
      if (job === undefined) break;
      void this.#run(job);
    }
    if (this.#running.size === 0) for (const { resolve } of this.#waiting.splice(0)) resolve();
    else if (this.#hasMore()) this.#time();
  }

  /** Others wait: whoever takes too long is counted no more from then on. */
  #time(): void {
    if (this.#cancelPatience !== undefined || this.#isStopped || this.#late >= MOST_WAITING) return;
    const { clock } = this.#parts;
    for (const each of this.#running) {
      if (each.isLate) continue;
      this.#cancelPatience = clock.after(Math.max(0, each.since + PATIENCE - clock.now()), () => {
        this.#cancelPatience = undefined;
        if (this.#running.has(each)) {
          each.isLate = true;
          this.#late++;
        }
        this.#begin();
      });
      return;
    }
  }

  async #run(job: Job): Promise<void> {
    const one: Running = { since: this.#parts.clock.now(), isLate: false };
    this.#running.add(one);
    try {
      await this.#parts.run(job);
    } catch (error) {
      this.#fault ??= { error };
    }
    // Most messages have one transaction: there is nobody to give way to.
    if (this.#hasMore()) await this.#giveWay();
    this.#running.delete(one);
    if (one.isLate) this.#late--;
    if (this.#running.size === 0) {
      this.#cancelPatience?.();
      this.#cancelPatience = undefined;
    }
    this.#begin();
  }

  /** A large list has time; twenty busy transactions of it would make every client wait for all of them at each command. */
  async #giveWay(): Promise<void> {
    const before = performance.now();
    await breath();
    const isFull = performance.now() - before > FULL_TURN;
    this.#most = isFull ? Math.max(FEWEST_AT_ONCE, this.#most - 1) : Math.min(JOBS_AT_ONCE, this.#most + 1);
  }

  #hasMore(): boolean {
    for (const line of this.#lines.values()) if (!line.isEmpty) return true;
    return false;
  }

  #next(): Job | undefined {
    for (const [owner, line] of this.#lines) {
      const group = line.take();
      if (group !== undefined) return this.#jobOf(group, owner);
    }
    return undefined;
  }

  #jobOf({ mailer, host, recipients }: JobGroup, list: string | undefined): Job {
    const { scope, group, isFirst, signal, message, heard } = this.#parts;
    const headers = list === undefined ? undefined : this.#parts.headersOf?.(list);
    const envelope = headers === undefined ? this.#envelope! : { ...this.#envelope!, headers };
    // What nobody may answer to stays so on its way through lists: two owners could keep each other busy (RFC 5321 §4.5.5).
    const owner = envelope.sender === "" ? undefined : list;
    const { addresses, charset, isLocal } = this.#factsOf(owner ?? envelope.sender);
    return {
      mailer,
      host,
      recipients,
      envelope: owner === undefined ? envelope : ofOwner(envelope, owner),
      message: message(),
      scope: owner === undefined ? scope : scope.child(senderMacros(owner)),
      addresses,
      group,
      isFirst,
      charset,
      senderIsLocal: isLocal,
      signal,
      ...(heard && { heard: (line) => heard(recipients[0].index, line) }),
    };
  }

  #factsOf(sender: string): SenderFacts {
    const { config, rules, scope } = this.#parts;
    let facts = this.#senders.get(sender);
    if (facts === undefined) this.#senders.set(sender, (facts = senderFacts(config, rules, sender, scope)));
    return facts;
  }
}

/** The owner of a list sends it on as he likes to: what the sender wants returned counts for the sender's reports. */
function ofOwner(envelope: Envelope, owner: string): Envelope {
  return { ...envelope, sender: owner, ret: undefined };
}

function senderMacros(sender: string): [string, string][] {
  return [
    ["f", sender],
    ["g", sender === "" ? "<>" : sender],
  ];
}

/** Macros of one attempt at a message. */
export function deliveryScope(
  config: Config,
  { envelope, id, attempts }: QueueEntry,
  mode: DeliveryMode = "i",
): MacroScope {
  const scope = config.macros.child();
  for (const name in envelope.macros) scope.set(name, envelope.macros[name]);
  for (const [name, value] of senderMacros(envelope.sender)) scope.set(name, value);
  scope.set("i", id);
  scope.set("deliveryMode", mode);
  scope.set("envid", envelope.envid);
  scope.set("msg_size", String(envelope.bodySize));
  scope.set("nrcpts", String(envelope.recipients.length));
  scope.set("ntries", String(attempts));
  return scope;
}
