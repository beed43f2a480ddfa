/**
 * The way in: turns the octets of a message into an envelope in the queue, and answers for it.
 *
 * Order matters. Everything that can refuse a message (size, hops, header checks) comes before `commit`; the 250 comes
 * after it, when the message is on stable storage (promise 1 of docs/architecture.md).
 */
import { deliveryModeIn } from "../config/policies.ts";
import { Collector } from "../envelope/collect.ts";
import { completeHeader, countHops, headerParts, isResent } from "../envelope/complete-headers.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { setEnvelopeMacros } from "../envelope/envelope-macros.ts";
import { withHeaderOptions } from "../envelope/header-options.ts";
import { type FirstAttempt, NO_ALIASES } from "../envelope/local-facts.ts";
import { isOpen } from "../envelope/recipient.ts";
import { logFrom } from "../log/mail-log.ts";
import { shorten } from "../log/safe-text.ts";
import { countedOctets, findField, type HeaderField, unfold } from "../mail/header.ts";
import { limitMimeFields } from "../mail/mime-limits.ts";
import { type Reply, reply } from "../mail/reply.ts";
import { type Draft, type DraftPlace, openDraftAt } from "../queue/draft.ts";
import { type Body, QueueUnavailableError } from "../queue/queue.ts";
import { queueGroupOf } from "../routing/queue-group.ts";
import type { Site } from "../site/site.ts";
import { breath } from "../sys/breath.ts";
import type { Clock } from "../sys/clock.ts";
import { EX } from "../sys/sysexits.ts";
import { isPromise, type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { type Arrival, takeArrival, type TakingEnvironment } from "./arrival.ts";
import { MessageAtHand } from "./message-at-hand.ts";
import { givenRecipients, soleRecipient } from "./given-recipients.ts";
import { withoutHidden } from "./hidden-recipients.ts";
import { HeaderList } from "./header-list.ts";
import type { IncomingMessage, Intake } from "./intake.ts";
import { type Court, judge, type JudgeTable, type Outcome, type Stage, type Subjects } from "./judges.ts";
import { hasForbiddenOctets, type OctetRules, octetRules } from "./octet-rules.ts";
import { persistentMacros } from "./persistent-macros.ts";
import { askForReceipts } from "./return-receipt.ts";
import { namedInHeader, submittedFields } from "./submission-header.ts";
import type { Transaction } from "./transaction.ts";

/** What reception needs where the queue is: in the same thread. */
export interface IntakeEnvironment extends Court, Omit<TakingEnvironment, "log"> {
  readonly clock: Clock;
}

/** What it needs of a queue that may be elsewhere. */
export interface ReceptionEnvironment extends Court {
  readonly queue: DraftPlace;
  readonly clock: Clock;
  /**
   * Takes a message that is complete: resolves when it is on stable storage and its sender may be told.
   * @param told who waits for the first attempt
   */
  take(site: Site, arrival: Arrival, body: Body, told?: FirstAttempt): Promise<void>;
}

/** So many header fields are judged before others get their turn. */
const FIELDS_IN_A_ROW = 50;

const NO_JUDGES: JudgeTable = {};

const NO_NUL = reply(554, "5.6.1", "NUL byte not allowed");
const NO_EIGHT_BIT = reply(554, "5.6.1", "Eight bit data not allowed");
const QUEUE_FULL = reply(452, "4.3.1", "Out of disk space for temp file");

export function createIntake(environment: IntakeEnvironment): Intake {
  const take: ReceptionEnvironment["take"] = (site, arrival, body, told) =>
    takeArrival(environment, site, arrival, body, told);
  return createReception({ ...environment, take });
}

export function createReception(environment: ReceptionEnvironment): Intake {
  return {
    reserve: () => environment.queue.newId(),
    begin: (transaction) =>
      whenReady(
        openDraftAt(environment.queue, transaction.id),
        (draft) => new Incoming(environment, transaction, draft),
      ),
  };
}

class Incoming implements IncomingMessage {
  readonly #environment: ReceptionEnvironment;
  readonly #site: Site;
  readonly #release: () => void;
  readonly #transaction: Transaction;
  readonly #draft: Draft;
  readonly #collector: Collector;
  readonly #maxSize: number;
  readonly #judges: JudgeTable;
  /** It was clear from the start that nobody gets the message: its octets are not kept. */
  readonly #thrownAway: boolean;
  readonly #rules: OctetRules | undefined;
  #size = 0;
  /** The body that a filter gave in place of the sender's. */
  #replaced: MessageAtHand["replaced"];
  /** Why the message cannot be taken although octets still come in. */
  #refusal: Reply | undefined;

  constructor(environment: ReceptionEnvironment, transaction: Transaction, draft: Draft) {
    this.#environment = environment;
    this.#site = transaction.site;
    this.#release = this.#site.use();
    this.#transaction = transaction;
    this.#thrownAway = transaction.isDiscarded;
    this.#draft = draft;
    const { options } = this.#site.config;
    // A report of ours that is refused could never be sent: no limit of the size, and no judge, stands in its way.
    const { isReport } = transaction.announced;
    this.#rules = octetRules(options, transaction.announced);
    this.#maxSize = isReport ? 0 : options.number("MaxMessageSize");
    this.#judges = isReport ? NO_JUDGES : environment.judges;
    this.#collector = new Collector({
      maxHeadersLength: isReport ? Infinity : options.number("MaxHeadersLength"),
      body: (chunk) => this.#body(chunk),
    });
  }

  get id(): string {
    return this.#draft.id;
  }

  write(chunk: Buffer): MaybePromise<void> {
    this.#size += chunk.length;
    if (this.#maxSize > 0 && this.#size > this.#maxSize) {
      this.#refuse(reply(552, "5.2.3", `Message exceeds maximum fixed size (${this.#maxSize})`));
    }
    // The client talks on to its end; there is nothing to keep of what it says.
    if (this.#refusal !== undefined) return undefined;
    return this.#collector.write(this.#rules === undefined ? chunk : this.#rules.take(chunk));
  }

  /** Octets of the body, as they come: judged, then kept. */
  #body(octets: Buffer): MaybePromise<void> {
    const { examination } = this.#transaction;
    if (examination !== undefined) {
      examination.begin(this.#collector.fields);
      examination.update(octets);
    }
    if (this.#judges.body === undefined) return this.#store(octets);
    return whenReady(this.#ask("body", { octets }), (outcome) =>
      outcome.kind === "out" ? this.#refuse(outcome.reply) : this.#store(octets),
    );
  }

  async finish(): Promise<Reply> {
    try {
      if (this.#refusal === undefined) await this.#collector.finish();
      const answer = this.#refusal ?? (await this.#accept());
      if (answer.code >= 300) this.#draft.discard();
      return answer;
    } catch (error) {
      this.#draft.discard();
      if (error instanceof QueueUnavailableError) return this.#unavailable(error);
      throw error;
    } finally {
      this.#release();
    }
  }

  abort(): void {
    this.#draft.discard();
    this.#release();
  }

  #store(chunk: Buffer): MaybePromise<void> {
    if (this.#refusal !== undefined || this.#thrownAway) return undefined;
    try {
      const stored = this.#draft.write(chunk);
      return stored instanceof Promise ? stored.catch((error: unknown) => this.#storeFailed(error)) : stored;
    } catch (error) {
      return this.#storeFailed(error);
    }
  }

  #storeFailed(error: unknown): void {
    if (!(error instanceof QueueUnavailableError)) throw error;
    this.#refuse(this.#unavailable(error));
  }

  #unavailable(error: QueueUnavailableError): Reply {
    this.#environment.log.write(1, { priority: "crit", id: this.id, text: `SYSERR: queue: ${error.message}` });
    return QUEUE_FULL;
  }

  #refuse(answer: Reply): void {
    if (this.#refusal !== undefined) return;
    this.#refusal = answer;
    this.#draft.discard();
  }

  async #accept(): Promise<Reply> {
    const collector = this.#collector;
    const { config } = this.#site;
    if (collector.headerTooLong) {
      return reply(552, "5.6.0", `Headers too large (${config.options.number("MaxHeadersLength")} max)`);
    }
    if (this.#rules?.isBroken === true) return NO_NUL;
    if (hasForbiddenOctets(config.options, this.#transaction.announced, collector)) return NO_EIGHT_BIT;
    const fields = this.#withReceipts(this.#wantedFields(collector.fields));
    const hops = Math.max(countHops(fields), this.#transaction.announced.submission?.hops ?? 0);
    const maxHops = config.options.number("MaxHopCount");
    if (hops > maxHops) return this.#looping(`Too many hops ${hops} (${maxHops} max)`);
    const now = this.#environment.clock.now();
    this.#setMacros(fields, hops, now);
    const transaction = this.#transaction;
    const mailer = transaction.senderMailer;
    if (mailer !== undefined) this.#site.statistics.came(mailer, this.#size);
    const refusal = await this.#judge(fields);
    if (refusal !== undefined) return refusal;
    const resent = isResent(collector.fields);
    const limited = this.#limited(transaction.edited(fields));
    const headers =
      transaction.filters === undefined || transaction.isDiscarded || this.#judges.message === undefined
        ? completeHeader(this.#site, limited, transaction.scope, resent)
        : await this.#filtered(limited, resent);
    if ("code" in headers) return headers;
    const wanted = withHeaderOptions(config.options, headers, () => givenRecipients(transaction));
    return this.#commit(this.#envelope(wanted, now));
  }

  /** What mail filters make of the header, and of the body; or why they refuse the message. */
  async #filtered(fields: readonly HeaderField[], resent: boolean): Promise<readonly HeaderField[] | Reply> {
    const { scope } = this.#transaction;
    const parts = headerParts(this.#site, fields, scope, resent);
    const names = this.#site.headerPlan.defaults.map(({ name }) => name);
    const message = new MessageAtHand(new HeaderList(parts, names), this.#draft);
    const messageId = findField(message.header.all, "Message-Id");
    if (messageId !== undefined) scope.set("msg_id", unfold(messageId.value));
    const outcome = await this.#ask("message", message);
    if (outcome.kind === "out") return outcome.reply;
    this.#replaced = message.replaced;
    return message.header.all;
  }

  #limited(fields: readonly HeaderField[]): readonly HeaderField[] {
    const limited = limitMimeFields(fields, this.#site.mimeLimits);
    if (limited.cut.length > 0) {
      const names = [...new Set(limited.cut.map(({ name }) => shorten(name)))].slice(0, 10).join(", ");
      const text = `MaxMimeHeaderLength: cut ${names} (possible attack), relay=${this.#transaction.client.relay}`;
      this.#environment.log.write(4, { priority: "notice", id: this.id, text });
    }
    return limited.fields;
  }

  #setMacros(fields: readonly HeaderField[], hops: number, now: number): void {
    const { scope, announced, recipients } = this.#transaction;
    setEnvelopeMacros(scope, {
      ...announced,
      id: this.id,
      soleRecipient: soleRecipient(this.#transaction),
      fields,
      hops,
      bodySize: this.#size,
      recipientCount: recipients.length,
      now,
    });
    const fullName = namedInHeader(fields) ?? announced.submission?.fullName;
    if (fullName !== undefined) scope.set("x", fullName);
  }

  /** Each field, the header as a whole, the message; the refusal, if there is one. */
  async #judge(fields: readonly HeaderField[]): Promise<Reply | undefined> {
    // What is found out about the sender is known to all who judge afterwards.
    const sender = this.#ask("sender", { fields: this.#collector.fields });
    const known = isPromise(sender) ? await sender : sender;
    if (known.kind === "out") return known.reply;
    // The empty line behind the header belongs to it.
    let octets = 1;
    let asked = 0;
    for (const field of fields) {
      octets += countedOctets(field);
      if (++asked % FIELDS_IN_A_ROW === 0) await breath();
      const about = this.#ask("header", { field });
      const outcome = isPromise(about) ? await about : about;
      if (outcome.kind === "out") return outcome.reply;
    }
    for (const about of [
      () => this.#ask("eoh", { fields: fields.length, octets }),
      () => this.#ask("eom", { size: this.#size }),
    ]) {
      const outcome = await about();
      if (outcome.kind === "out") return outcome.reply;
    }
    return undefined;
  }

  #ask<S extends Stage>(stage: S, subject: Subjects[S]): MaybePromise<Outcome> {
    const { log } = this.#environment;
    return judge({ judges: this.#judges, log }, stage, this.#transaction, subject, { id: this.id });
  }

  async #commit(envelope: Envelope): Promise<Reply> {
    const { log } = this.#environment;
    const { client, scope, fate, isDiscarded } = this.#transaction;
    const messageId = findField(envelope.headers, "Message-Id");
    const from = {
      size: this.#size,
      messageId: messageId === undefined ? "" : unfold(messageId.value),
      protocol: scope.get("r"),
      daemon: client.daemon,
      relay: client.relay,
    };
    if (isDiscarded) {
      logFrom(log, { ...from, envelope });
      log.write(4, { priority: "info", id: this.id, text: "discarded" });
      this.#count("discarded");
      this.#draft.discard();
      return this.#accepted();
    }
    const quarantined = fate.kind === "quarantine" ? fate.reason : undefined;
    const group = await this.#group(envelope);
    const { submission } = this.#transaction.announced;
    const hold = quarantined ?? submission?.hold;
    const mode = deliveryModeIn(this.#site.config, scope);
    const whole = quarantined === undefined ? envelope : { ...envelope, quarantined };
    await this.#draft.hand(whole, (exact, body) => {
      const arrival = { envelope: exact, group, mode, from, ...(hold !== undefined && { hold }) };
      return this.#environment.take(this.#site, arrival, body, submission?.firstAttempt);
    });
    if (quarantined !== undefined) {
      log.write(4, { priority: "info", id: this.id, text: `quarantine=${quarantined}` });
      this.#count("quarantined");
    }
    return this.#accepted();
  }

  /** Nobody gets the message, or not now. */
  #count(how: "discarded" | "quarantined"): void {
    const { announced, senderMailer } = this.#transaction;
    const { statistics } = this.#site;
    if (senderMailer !== undefined) statistics.stopped(senderMailer, how);
    if (how === "discarded" && announced.submission === undefined) statistics.connection("rejected");
  }

  /** That of the first recipient: should others wait elsewhere, dispatch/ makes messages of their own of them. */
  #group({ recipients }: Envelope): MaybePromise<string> {
    const first = recipients.find(isOpen) ?? {};
    return queueGroupOf(this.#site, first, this.#transaction.scope);
  }

  /** A loop must be seen by whoever can break it. */
  #looping(text: string): Reply {
    const { client, recipients } = this.#transaction;
    const to = recipients.map(({ given }) => given).join(", ");
    const line = `SYSERR: ${text}: via ${client.relay}, to ${to}`;
    this.#environment.log.write(1, { priority: "crit", id: this.id, text: line });
    return { ...reply(554, "5.4.6", text), exit: EX.UNAVAILABLE };
  }

  #accepted(): Reply {
    return reply(250, "2.0.0", `${this.id} Message accepted for delivery`);
  }

  #wantedFields(fields: readonly HeaderField[]): readonly HeaderField[] {
    const { submission } = this.#transaction.announced;
    return submission === undefined ? withoutHidden(fields) : submittedFields(fields);
  }

  #withReceipts(fields: readonly HeaderField[]): readonly HeaderField[] {
    if (!this.#site.config.options.flag("RrtImpliesDsn")) return fields;
    const receipts = askForReceipts(fields, this.#transaction.recipients);
    this.#transaction.recipients = receipts.recipients;
    return receipts.fields;
  }

  #envelope(headers: readonly HeaderField[], now: number): Envelope {
    const { announced, recipients, scope } = this.#transaction;
    const { sender, bodyType, smtputf8, envid, ret, auth, deliverBy, requireTls, isReport } = announced;
    const body = this.#replaced ?? this.#collector;
    const precedence = findField(headers, "Precedence");
    return {
      id: this.id,
      sender,
      recipients,
      headers,
      bodySize: body.bodySize,
      eightBit: body.eightBit,
      bodyType,
      smtputf8,
      envid,
      ret,
      auth,
      deliverBy,
      ...(requireTls && { requireTls }),
      arrived: now,
      macros: {
        ...persistentMacros(this.#site.config, scope),
        ...(announced.submission?.noAliases ? { [NO_ALIASES]: "1" } : {}),
      },
      isReport,
      messageClass:
        precedence === undefined ? 0 : (this.#site.config.precedences.get(unfold(precedence.value).toLowerCase()) ?? 0),
    };
  }
}
