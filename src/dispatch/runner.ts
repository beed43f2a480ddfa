/**
 * Runs the queue: takes what is due, tries it, plans the next try.
 *
 * The interval is that of `-q30m`: after an attempt a message waits that long, never shorter than MinQueueAge. Without
 * an interval, mail that could not be delivered stays until somebody runs the queue (manual §2.3).
 */
import type { FirstAttempt } from "../envelope/local-facts.ts";
import type { QueueFilter } from "../queue/filter.ts";
import type { Claim, QueueEntry } from "../queue/queue.ts";
import type { Destinations } from "../delivery/smtp/destinations.ts";
import type { Scheduler } from "../queue/scheduler.ts";
import type { Config } from "../config/config.ts";
import { Admission } from "./admission.ts";
import { type AttemptEnvironment, attempt } from "./attempt.ts";
import { lookAt } from "./overdue.ts";
import { nextNotice } from "./queue-timeouts.ts";
import { Gate } from "../sys/gate.ts";

export interface RunnerOptions extends Omit<AttemptEnvironment, "nextTry" | "signal"> {
  readonly scheduler: Scheduler;
  readonly destinations: Destinations;
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
/** So many may wait like that; each has a connection, or a place in the line of its user. No destination has many of them. */
const MOST_WAITING = 4_000;

/** So long a message that is about to be tried is left alone, ms. */
const HEAD_START = 60_000;

/** Far enough away to mean "when somebody asks". */
const WHEN_ASKED = 8_640_000_000_000_000;

export class Runner {
  readonly #options: RunnerOptions;
  readonly #environment: AttemptEnvironment;
  readonly #gate: Gate;
  readonly #admission: Admission;
  readonly #abort = new AbortController();
  readonly #running = new Map<string, Promise<void>>();
  #loop: Promise<void> | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#gate = new Gate(options.concurrency ?? CONCURRENT_ATTEMPTS);
    this.#admission = new Admission({
      store: options.store,
      destinations: options.destinations,
      agents: () => options.site().agents,
      report: (error) => this.#report("cannot say what waits", error),
    });
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

  /** Why a message is not tried now, when something particular holds it up. */
  whyNot(entry: QueueEntry): string | undefined {
    return this.#admission.whyNot(entry);
  }

  /**
   * One queue run: tries every message that matches, due or not, and waits for the outcome. Those whose destination is
   * busy come when it has time; those that are held up for longer stay.
   */
  async runOnce(filter?: QueueFilter): Promise<void> {
    let left: readonly QueueEntry[] = await this.#options.store.list({ ...filter, held: false });
    // Nothing but a timer of the clock's may be what we wait for, and that keeps no process alive.
    const alive = setInterval(() => undefined, ASK_AGAIN);
    while (left.length > 0) {
      const change = this.#admission.change();
      const busy: QueueEntry[] = [];
      for (const entry of left) {
        await this.#gate.enter();
        if (!(await this.#tryInside(entry))) busy.push(entry);
      }
      left = busy;
      if (left.length > 0) await (this.#running.size > 0 ? Promise.race([change, this.idle()]) : change);
    }
    clearInterval(alive);
    await this.idle();
  }

  /** For a place behind the gate. False: its destination is busy. */
  async #tryInside(entry: QueueEntry): Promise<boolean> {
    const admitted = this.#admission.admit(entry);
    const isBusy = admitted === undefined && this.#admission.whyNot(entry) === undefined;
    let claim: Claim | undefined;
    try {
      if (!isBusy) claim = await this.#options.store.claim(entry.id);
    } catch (error) {
      this.#report(error instanceof Error ? error.message : String(error), undefined, entry.id);
    }
    if (claim === undefined) {
      this.#gate.leave();
      admitted?.();
    } else if (admitted === undefined) await this.#leaveAlone(claim);
    else this.#workInside(claim, admitted);
    return !isBusy;
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
      const admitted = this.#admission.admit(claim.entry);
      if (admitted !== undefined) {
        this.#workInside(claim, admitted);
        continue;
      }
      await this.#leaveAlone(claim);
    }
  }

  /** For a place behind the gate: its destination takes nothing now, but there may be something to tell. */
  async #leaveAlone(claim: Claim): Promise<void> {
    const { store, site, clock } = this.#options;
    const { id, envelope } = claim.entry;
    const notice = nextNotice(site().config, envelope);
    if (notice <= clock.now()) {
      const reason = this.#admission.whyNot(claim.entry) ?? "many other messages are going there";
      const look = lookAt(this.#environment, claim, reason).finally(() => this.#running.delete(id));
      this.#running.set(id, look);
      void look.finally(() => this.#gate.leave());
      return;
    }
    this.#gate.leave();
    try {
      await store.finish(claim, notice);
    } catch (error) {
      this.#report("cannot give a message back", error);
    }
  }

  /** Works for a place behind the gate. */
  #workInside(claim: Claim, admitted: () => void): void {
    const { clock } = this.#options;
    const leave = this.#gate.leaveInTime({ clock, ms: PATIENCE, most: MOST_WAITING });
    void this.#work(claim).finally(() => {
      admitted();
      leave();
    });
  }

  /** The next claim; a store that cannot be asked now is asked again. Undefined after stop(). */
  async #next(): Promise<Claim | undefined> {
    const { scheduler, clock } = this.#options;
    while (!this.#abort.signal.aborted) {
      try {
        return await scheduler.next();
      } catch (error) {
        this.#report("cannot ask what is due", error);
        await new Promise<void>((resolve) => clock.after(ASK_AGAIN, resolve));
      }
    }
    return undefined;
  }

  #report(what: string, error: unknown, id?: string): void {
    const reason = error instanceof Error ? `: ${error.message}` : "";
    const text = `SYSERR: queue: ${what}${reason}`;
    this.#options.log.write(1, { priority: "crit", text, ...(id === undefined ? {} : { id }) });
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
