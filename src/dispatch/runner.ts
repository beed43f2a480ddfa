/**
 * Runs the queue: takes what is due, tries it, plans the next try.
 *
 * The interval is that of `-q30m`: after an attempt a message waits that long, never shorter than MinQueueAge. Without
 * an interval, mail that could not be delivered stays until somebody runs the queue (manual §2.3).
 */
import type { QueueEntry, QueueFilter } from "../queue/queue.ts";
import type { Scheduler } from "../queue/scheduler.ts";
import type { Config } from "../config/config.ts";
import { type AttemptEnvironment, attempt } from "./attempt.ts";
import { Gate } from "./limits.ts";

export interface RunnerOptions extends Omit<AttemptEnvironment, "nextTry" | "signal"> {
  readonly scheduler: Scheduler;
  /** `-q30m`: milliseconds between tries; undefined: no automatic queue runs. */
  readonly interval?: number;
  /** Messages that are worked on at once. */
  readonly concurrency?: number;
}

/** Enough to keep slow hosts from blocking quick ones, few enough to keep memory small. */
const CONCURRENT_ATTEMPTS = 100;

/** Far enough away to mean "when somebody asks". */
const WHEN_ASKED = 8_640_000_000_000_000;

export class Runner {
  readonly #options: RunnerOptions;
  readonly #environment: AttemptEnvironment;
  readonly #gate: Gate;
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #loop: Promise<void> | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#gate = new Gate(options.concurrency ?? CONCURRENT_ATTEMPTS);
    this.#environment = {
      ...options,
      site: () => options.site(),
      signal: this.#abort.signal,
      nextTry: ({ config }, entry, now) => this.#nextTry(config, entry, now),
    };
  }

  /** Begins to work on what is due. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** A message has just been accepted. */
  add(entry: QueueEntry): void {
    this.#options.scheduler.add(entry);
  }

  /** A message has been accepted that waits for the next queue run (delivery modes "queue" and "deferred"). */
  queueOnly(entry: QueueEntry, config: Config): void {
    this.#options.scheduler.add({ ...entry, nextTry: this.#nextTry(config, entry, this.#options.clock.now()) });
  }

  /** Tries one message now and waits for the outcome (delivery mode "interactive"). */
  deliver(id: string): Promise<void> {
    return this.#track(this.#attempt(id));
  }

  /** `-q`, ETRN, `-qI...`: makes matching messages due. */
  now(filter?: QueueFilter): number {
    return this.#options.scheduler.now(filter);
  }

  /** Waits until what is running has ended. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /** One queue run: tries every message that matches, due or not, and waits for the outcome. */
  async runOnce(filter?: QueueFilter): Promise<void> {
    for (const { id } of this.#options.store.list({ ...filter, held: false })) {
      await this.#gate.enter();
      void this.#track(this.#attempt(id).finally(() => this.#gate.leave()));
    }
    await this.idle();
  }

  /** Starts nothing new, waits up to `grace` ms for what is running, then aborts it; it stays in the queue. */
  async stop(grace: number): Promise<void> {
    this.#options.scheduler.close();
    const cancel = this.#options.clock.after(grace, () => this.#abort.abort());
    await this.#loop;
    await this.idle();
    cancel();
  }

  async #run(): Promise<void> {
    for await (const id of this.#options.scheduler.due()) {
      await this.#gate.enter();
      void this.#track(this.#attempt(id).finally(() => this.#gate.leave()));
    }
  }

  #track(work: Promise<void>): Promise<void> {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
    return work;
  }

  async #attempt(id: string): Promise<void> {
    const { scheduler, store, log } = this.#options;
    try {
      const left = await attempt(this.#environment, id);
      if (left !== undefined) scheduler.update(left);
      else if (store.get(id) === undefined) scheduler.forget(id);
    } catch (error) {
      // Nothing about mail is thrown; this is a fault of ours or of the disk. The message stays and waits its turn.
      const text = `SYSERR: delivery attempt failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
      log.write(1, { priority: "crit", id, text: text.replaceAll("\n", " ") });
      const entry = store.get(id);
      if (entry !== undefined) {
        const nextTry = this.#nextTry(this.#options.site().config, entry, this.#options.clock.now());
        scheduler.update({ ...entry, nextTry });
      }
    }
  }

  #nextTry({ options }: Config, entry: QueueEntry, now: number): number {
    const { interval } = this.#options;
    if (interval === undefined) return WHEN_ASKED;
    const youngest = options.time("MinQueueAge");
    const oldest = options.time("MaxQueueAge");
    // MaxQueueAge makes waits grow with each attempt, up to it (manual: exponential back-off).
    const wait =
      oldest > 0 ? Math.min(oldest, Math.max(interval, youngest) * 2 ** Math.min(entry.attempts, 20)) : interval;
    return now + Math.max(wait, youngest);
  }
}
