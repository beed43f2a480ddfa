/**
 * Runs the queue: takes what is due, tries it, plans the next try.
 *
 * The interval is that of `-q30m`: after an attempt a message waits that long, never shorter than MinQueueAge. Without
 * an interval, mail that could not be delivered stays until somebody runs the queue (manual §2.3).
 */
import type { FirstAttempt } from "../envelope/local-facts.ts";
import type { Claim, QueueFilter } from "../queue/queue.ts";
import type { Scheduler } from "../queue/scheduler.ts";
import type { Config } from "../config/config.ts";
import { type AttemptEnvironment, attempt } from "./attempt.ts";
import { Gate } from "../sys/gate.ts";

export interface RunnerOptions extends Omit<AttemptEnvironment, "nextTry" | "signal"> {
  readonly scheduler: Scheduler;
  /** `-q30m`: milliseconds between tries; undefined: no automatic queue runs. */
  readonly interval?: number;
  /** Messages that are worked on at once. */
  readonly concurrency?: number;
}

/** Enough to keep slow hosts from blocking quick ones, few enough to keep memory small. */
const CONCURRENT_ATTEMPTS = 100;

/** Until the queue is asked again after it could not answer, ms. */
const ASK_AGAIN = 1000;

/** An attempt that takes longer mostly waits, for a host or a program: others get its turn, ms. */
const PATIENCE = 5_000;
/** So many may wait like that; each has a connection, or a place in the line of its user. */
const MOST_WAITING = 1_000;

/** So long a message that is about to be tried is left alone, ms. */
const HEAD_START = 60_000;

/** Far enough away to mean "when somebody asks". */
const WHEN_ASKED = 8_640_000_000_000_000;

export class Runner {
  readonly #options: RunnerOptions;
  readonly #environment: AttemptEnvironment;
  readonly #gate: Gate;
  readonly #abort = new AbortController();
  readonly #running = new Map<string, Promise<void>>();
  #loop: Promise<void> | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#gate = new Gate(options.concurrency ?? CONCURRENT_ATTEMPTS);
    this.#environment = {
      ...options,
      site: () => options.site(),
      signal: this.#abort.signal,
      nextTry: ({ config }, entry, now) => this.#nextTry(config, entry.attempts, now),
    };
  }

  /** Begins to work on what is due. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** When a message that only waits (delivery modes "queue" and "deferred") is tried first, ms since the epoch. */
  nextRun(config: Config): number {
    return this.#nextTry(config, 0, this.#options.clock.now());
  }

  /** When a message whose acceptance is followed by deliver() is due, should the process end in between. */
  afterwards(): number {
    return this.#options.clock.now() + HEAD_START;
  }

  /** Tries one message now and waits for the outcome (delivery mode "interactive"). */
  async deliver(id: string, told?: FirstAttempt): Promise<void> {
    const claim = await this.#options.store.claim(id);
    if (claim !== undefined) await this.#work(claim, told);
  }

  /** Waits until what is running has ended. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.values());
  }

  /** One queue run: tries every message that matches, due or not, and waits for the outcome. */
  async runOnce(filter?: QueueFilter): Promise<void> {
    const { store, log } = this.#options;
    for (const { id } of await store.list({ ...filter, held: false })) {
      await this.#gate.enter();
      try {
        const claim = await store.claim(id);
        if (claim !== undefined) {
          this.#workInside(claim);
          continue;
        }
      } catch (error) {
        const text = `SYSERR: queue: ${error instanceof Error ? error.message : String(error)}`;
        log.write(1, { priority: "crit", id, text });
      }
      this.#gate.leave();
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
    for (;;) {
      await this.#gate.enter();
      const claim = await this.#next();
      if (claim === undefined) return this.#gate.leave();
      this.#workInside(claim);
    }
  }

  /** Works for a place behind the gate. */
  #workInside(claim: Claim): void {
    const { clock } = this.#options;
    const leave = this.#gate.leaveInTime({ clock, ms: PATIENCE, most: MOST_WAITING });
    void this.#work(claim).finally(leave);
  }

  /** The next claim; a store that cannot be asked now is asked again. Undefined after stop(). */
  async #next(): Promise<Claim | undefined> {
    const { scheduler, log, clock } = this.#options;
    while (!this.#abort.signal.aborted) {
      try {
        return await scheduler.next();
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        log.write(1, { priority: "crit", text: `SYSERR: queue: cannot ask what is due: ${text}` });
        await new Promise<void>((resolve) => clock.after(ASK_AGAIN, resolve));
      }
    }
    return undefined;
  }

  #work(claim: Claim, told?: FirstAttempt): Promise<void> {
    const { id } = claim.entry;
    const work = attempt(this.#environment, claim, told).finally(() => this.#running.delete(id));
    this.#running.set(id, work);
    return work;
  }

  #nextTry({ options }: Config, attempts: number, now: number): number {
    const { interval } = this.#options;
    if (interval === undefined) return WHEN_ASKED;
    const youngest = options.time("MinQueueAge");
    const oldest = options.time("MaxQueueAge");
    // MaxQueueAge makes waits grow with each attempt, up to it (manual: exponential back-off).
    const wait = oldest > 0 ? Math.min(oldest, Math.max(interval, youngest) * 2 ** Math.min(attempts, 20)) : interval;
    return now + Math.max(wait, youngest);
  }
}
