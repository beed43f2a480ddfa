/**
 * Collects what programs left in the client queue while no server ran, or because a mail filter asked them to come again: at
 * start, whenever something appears there, and with every queue run. Messages enter as any submission does; their files go when
 * they are safe in the queue. What is not taken now is tried again after a while, and goes back to its sender when its time
 * (Timeout.queuereturn) is over, or at once when a filter refuses it: nobody waits for the answer any more.
 */
import { type FSWatcher, watch } from "node:fs";
import { queueTimeout } from "../dispatch/queue-timeouts.ts";
import { deliverByNow } from "../envelope/deliver-by.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { MessageReader } from "../envelope/message.ts";
import type { Recipient } from "../envelope/recipient.ts";
import { LocalSubmission, type SubmissionEnvironment } from "../reception/local-submission.ts";
import { submittedFields } from "../reception/submission-header.ts";
import { bareAddress } from "../reception/submission-recipients.ts";
import type { Submission, SubmissionResult } from "../reception/submission.ts";
import type { Log } from "../log/log.ts";
import { formatField } from "../mail/header.ts";
import { replyText } from "../mail/reply.ts";
import type { ClientWishes } from "../queue/client-wishes.ts";
import type { Clock } from "../sys/clock.ts";
import type { MailboxDatabase } from "../sys/users.ts";
import { callerOf } from "./caller.ts";
import { type ClientMessage, ClientQueue, type Collected, makeClientFolder } from "../queue/client-queue.ts";
import type { QueueEntry } from "../queue/queue.ts";

export interface CollectorOptions {
  readonly folder: string;
  readonly log: Log;
  /** Of the machine: who may leave mail. */
  readonly accounts: MailboxDatabase;
  /** With the site in force now. */
  environment(): SubmissionEnvironment;
  /** Ms after which what was not taken is tried again. */
  readonly retryAfter: number;
  /** Tells the sender that these recipients get nothing; resolves when the report is in the queue. */
  giveBack(entry: GivenBack, body: MessageReader, reason: string): Promise<void>;
  readonly clock: Clock;
}

export type GivenBack = Pick<QueueEntry, "envelope" | "priority">;

/** How a message enters. */
type Entering = Pick<Submission, "hold" | "isLastTry">;

interface Refused {
  readonly recipient: Recipient;
  readonly why: string;
}

/** Which of them a collection is about. */
type Scope = "due" | "all";

export class ClientQueueCollector {
  readonly #options: CollectorOptions;
  readonly #queue: ClientQueue;
  #watcher: FSWatcher | undefined;
  #running: Promise<void> | undefined;
  #again: Scope | undefined;
  /** Id → when it is tried again, ms. */
  #waiting: ReadonlyMap<string, number> = new Map();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#queue = new ClientQueue(options.folder);
  }

  start(): void {
    const { folder, log } = this.#options;
    try {
      makeClientFolder(folder);
      // A body alone is no message yet.
      this.#watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name?.startsWith("df") !== true) void this.collect();
      });
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch (error) {
      log.write(1, {
        priority: "warning",
        text: `cannot watch the client queue ${folder}: ${(error as Error).message}`,
      });
    }
    void this.collect();
  }

  /**
   * Collects everything that is complete. Calls during a collection lead to another one after it.
   * @param scope "due": not what waits for its next try
   */
  collect(scope: Scope = "due"): Promise<void> {
    if (this.#again !== "all") this.#again = scope;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#watcher?.close();
    await this.#running;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    const { log } = this.#options;
    while (this.#again !== undefined) {
      const scope = this.#again;
      this.#again = undefined;
      try {
        const waiting = new Map<string, number>();
        const isMeant = (entry: QueueEntry, wishes: ClientWishes): boolean =>
          this.#isDue(entry, wishes, scope, waiting);
        const { failed, reports } = await this.#queue.collect((message) => this.#take(message, waiting), isMeant);
        this.#waiting = waiting;
        const cannot = failed.map(({ id, why }) => `Cannot collect ${id} from the client queue: ${why}`);
        for (const text of [...reports, ...cannot])
          log.write(1, { priority: "warning", text: `client queue: ${text}` });
      } catch (error) {
        log.write(1, { priority: "warning", text: `client queue: ${(error as Error).message}` });
      }
    }
    this.#tryAgain();
  }

  /** @param waiting hears when it is due, where that is later */
  #isDue(
    { id, hold, envelope }: QueueEntry,
    { isDeferred }: ClientWishes,
    scope: Scope,
    waiting: Map<string, number>,
  ): boolean {
    if (hold !== undefined) return false;
    const { clock, retryAfter } = this.#options;
    const due = this.#waiting.get(id) ?? (isDeferred === true ? envelope.arrived + retryAfter : 0);
    // Nobody's own words make a message wait longer than that.
    if (scope === "all" || due <= clock.now() || due > clock.now() + retryAfter) return true;
    waiting.set(id, due);
    return false;
  }

  /** When the first of those that wait is due. */
  #tryAgain(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.size === 0) return;
    const first = Math.min(...this.#waiting.values());
    this.#timer = setTimeout(() => void this.collect(), Math.max(first - this.#options.clock.now(), 1000));
    this.#timer.unref();
  }

  async #take(message: ClientMessage, waiting: Map<string, number>): Promise<boolean> {
    const { clock, retryAfter, log } = this.#options;
    const { id, envelope } = message.entry;
    const isLastTry = this.#isLate(envelope);
    const result = await this.submit(message, { isLastTry });
    const { reply } = result;
    const refused = refusedOf(envelope, result, isLastTry);
    if (reply.code !== 250 && refused.length < envelope.recipients.length) {
      log.write(1, { priority: "warning", id, text: `client queue: not collected: ${replyText(reply)}` });
      // It stays where it is: an administrator's fix lets it through at the next look.
      waiting.set(id, clock.now() + retryAfter);
      return false;
    }
    await this.#return(message, result, refused);
    return true;
  }

  /** Its time is over: it is tried once more, and goes back if that is of no use. */
  #isLate(envelope: Envelope): boolean {
    const { config } = this.#options.environment().site;
    const lifetime = queueTimeout(config, "queuereturn", envelope);
    return lifetime > 0 && this.#options.clock.now() - envelope.arrived > lifetime;
  }

  /** A report for all that were refused for the same reason. */
  async #return(
    { entry, body }: ClientMessage,
    { sender }: SubmissionResult,
    refused: readonly Refused[],
  ): Promise<void> {
    const headers = submittedFields(entry.envelope.headers);
    const reasons = new Map<string, Recipient[]>();
    for (const { recipient, why } of refused) {
      const others = reasons.get(why);
      if (others === undefined) reasons.set(why, [recipient]);
      else others.push(recipient);
    }
    for (const [why, recipients] of reasons) {
      const envelope = { ...entry.envelope, sender: sender ?? entry.envelope.sender, headers, recipients };
      await this.#options.giveBack({ envelope, priority: entry.priority }, body, why);
    }
  }

  /**
   * Offers messages that are meant, held ones among them, to somebody else than the queue; nothing is collected meanwhile.
   * @param take true: the message is safe elsewhere, and its files go
   */
  async offer(
    isMeant: (entry: QueueEntry) => boolean,
    take: (message: ClientMessage) => Promise<boolean>,
  ): Promise<Collected> {
    while (this.#running !== undefined) await this.#running;
    const offered = this.#queue.collect(take, isMeant);
    const over = offered.then(
      () => undefined,
      () => undefined,
    );
    // What came meanwhile is collected now.
    this.#running = over.then(() => this.#run()).finally(() => (this.#running = undefined));
    return offered;
  }

  /**
   * Has a message enter as any submission does.
   * @param how `hold`: why it is to wait in the queue; absent: it is tried as others are. `isLastTry`: of recipients that are to
   * come again, the others have not to wait for them any more
   */
  async submit({ entry, owner, wishes, body }: ClientMessage, how: Entering = {}): Promise<SubmissionResult> {
    const environment = this.#options.environment();
    const { envelope } = entry;
    // Whoever named no sender left the name that he has, or the number.
    const { user } = await callerOf(envelope.sender, owner, [environment.site.users, this.#options.accounts]);
    const submission: Submission = {
      user,
      ...(envelope.sender === String(owner) ? {} : { sender: envelope.sender }),
      recipients: envelope.recipients.map(({ given }) => given),
      each: envelope.recipients,
      fromHeader: false,
      ret: envelope.ret,
      envid: envelope.envid,
      deliverBy: deliverByNow(envelope, Date.now()),
      bodyType: envelope.bodyType,
      smtputf8: envelope.smtputf8,
      ...wishes,
      returnByMail: true,
      ...how,
    };
    const incoming = new LocalSubmission(environment, submission);
    try {
      await incoming.write(Buffer.from(`${envelope.headers.map(formatField).join("")}\r\n`, "latin1"));
      for await (const chunk of body.stream()) await incoming.write(chunk as Buffer);
      return await incoming.finish();
    } catch (error) {
      incoming.abort();
      throw error;
    }
  }
}

/** Who will not get the message: whom filters refuse, at the last try also who was to come again, or all. */
function refusedOf(
  { recipients }: Envelope,
  { reply, refused, filtered = [], later = [] }: SubmissionResult,
  isLastTry: boolean,
): readonly Refused[] {
  const deferred = isLastTry ? refused.filter(({ address }) => later.includes(address)) : [];
  const reasons = new Map([...filtered, ...deferred].map(({ address, reply: why }) => [address, replyText(why)]));
  const common = isLastTry && reply.code !== 250 ? replyText(reply) : undefined;
  return recipients.flatMap((recipient) => {
    const { given } = recipient;
    const why = reasons.get(given) ?? reasons.get(bareAddress(given)) ?? common;
    return why === undefined ? [] : [{ recipient, why: `the server refused it: ${why}` }];
  });
}
