/**
 * Collects what programs left in the client queue while no server ran: at start, whenever something appears there, and
 * with every queue run. Messages enter as any submission does; their files go when they are safe in the queue.
 */
import { type FSWatcher, watch } from "node:fs";
import { deliverByNow } from "../envelope/deliver-by.ts";
import { LocalSubmission, type SubmissionEnvironment } from "../reception/local-submission.ts";
import type { Submission, SubmissionResult } from "../reception/submission.ts";
import type { Log } from "../log/log.ts";
import { formatField } from "../mail/header.ts";
import { replyText } from "../mail/reply.ts";
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
}

export class ClientQueueCollector {
  readonly #options: CollectorOptions;
  readonly #queue: ClientQueue;
  #watcher: FSWatcher | undefined;
  #running: Promise<void> | undefined;
  #again = false;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#queue = new ClientQueue(options.folder);
  }

  start(): void {
    const { folder, log } = this.#options;
    try {
      makeClientFolder(folder);
      this.#watcher = watch(folder, { persistent: false }, () => void this.collect());
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch (error) {
      log.write(1, {
        priority: "warning",
        text: `cannot watch the client queue ${folder}: ${(error as Error).message}`,
      });
    }
    void this.collect();
  }

  /** Collects everything that is complete. Calls during a collection lead to another one after it. */
  collect(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#watcher?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { log } = this.#options;
    while (this.#again) {
      this.#again = false;
      try {
        const { failed, reports } = await this.#queue.collect((message) => this.#take(message));
        const cannot = failed.map(({ id, why }) => `Cannot collect ${id} from the client queue: ${why}`);
        for (const text of [...reports, ...cannot])
          log.write(1, { priority: "warning", text: `client queue: ${text}` });
      } catch (error) {
        log.write(1, { priority: "warning", text: `client queue: ${(error as Error).message}` });
      }
    }
  }

  async #take(message: ClientMessage): Promise<boolean> {
    const { reply } = await this.submit(message);
    if (reply.code === 250) return true;
    this.#options.log.write(1, {
      priority: "warning",
      id: message.entry.id,
      text: `client queue: not collected: ${replyText(reply)}`,
    });
    // It stays where it is: an administrator's fix lets it through at the next look.
    return false;
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
   * @param hold why it is to wait in the queue; undefined: it is tried as others are
   */
  async submit({ entry, owner, wishes, body }: ClientMessage, hold?: string): Promise<SubmissionResult> {
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
      ...(hold === undefined ? {} : { hold }),
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
