/**
 * Runs the queue: takes what is due, tries it, plans the next try.
 *
 * The interval is that of `-q30m`, or I= of the queue group: after an attempt a message waits that long, never shorter than
 * MinQueueAge. Without an interval, mail that could not be delivered stays until somebody runs the queue (manual §2.3).
 */
import { loadavg } from "node:os";
import { beforeDeadline } from "../envelope/deliver-by.ts";
import type { FirstAttempt } from "../envelope/local-facts.ts";
import type { QueueFilter } from "../queue/filter.ts";
import type { EntryOutline } from "../queue/outline.ts";
import type { Claim, QueueEntry } from "../queue/queue.ts";
import type { Destinations } from "../delivery/smtp/destinations.ts";
import type { Scheduler } from "../queue/scheduler.ts";
import { FRESH_LANE, type LaneGate, laneOf } from "../queue/lane.ts";
import { groupNamed } from "../routing/queue-group.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { Config } from "../config/config.ts";
import { DEFAULT_QUEUE_GROUP } from "../config/queue-groups.ts";
import { keptByLoad } from "../queue/load-limit.ts";
import { factorsOf, initialPriority } from "../queue/order.ts";
import { Admission, placeOf } from "./admission.ts";
import { type AttemptEnvironment, attempt, type AttemptOccasion } from "./attempt.ts";
import { Demands, namesMail } from "./held.ts";
import { LaneLimits } from "./lane-limits.ts";
import { lookAt } from "./overdue.ts";
import { leastWait, nextNotice } from "./queue-timeouts.ts";
import { messagesOfRun, type RunMessage } from "./run-order.ts";
import { mayBeSplit, splitMessage } from "./split.ts";
import { Gate } from "../sys/gate.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";

export interface RunnerOptions extends Omit<AttemptEnvironment, "nextTry" | "signal"> {
  /** @param gate which queue groups somebody works on now */
  scheduler(gate: LaneGate): Scheduler;
  readonly destinations: Destinations;
  /** `-q30m`: milliseconds between tries; undefined: no automatic queue runs. */
  readonly interval?: number;
  /** Load average of the last minute; default that of the machine. */
  readonly load?: () => number;
  /** Messages that are worked on at once. */
  readonly concurrency?: number;
}

/**
 * Enough to keep slow hosts from blocking quick ones, few enough to keep memory small. A message to a new host waits for four
 * answers, so hosts that are 50 ms away take five messages in a second from each of these.
 */
const CONCURRENT_ATTEMPTS = 200;

/** Until the queue is asked again after it could not answer, ms. */
const ASK_AGAIN = 1000;

/** An attempt that takes longer mostly waits, for a host or a program: others get its turn, ms. */
const PATIENCE = 5_000;
/** So many may wait like that; each has a connection, or a place in the line of its user. No destination has many of them. */
const MOST_WAITING = 4_000;

/** So long a message that is about to be tried is left alone, ms. */
const HEAD_START = 60_000;

/** What a queue run tells of a message whose attempt is over. */
export interface RunEvent {
  readonly id: string;
  /** Which of the run's messages it was, and how many there are. */
  readonly number: number;
  readonly of: number;
  /** What came of those that were tried. */
  readonly recipients: readonly { readonly address: string; readonly text: string }[];
}

export type RunWatch = (event: RunEvent) => void;

/** A run that goes on. */
interface Run {
  readonly of: number;
  readonly which: "held too" | undefined;
  readonly watch: RunWatch | undefined;
  begun: number;
}

/** Far enough away to mean "when somebody asks". */
const WHEN_ASKED = 8_640_000_000_000_000;

export class Runner {
  readonly #options: RunnerOptions;
  readonly #environment: AttemptEnvironment;
  readonly #gate: Gate;
  readonly #scheduler: Scheduler;
  readonly #admission: Admission;
  readonly #demands = new Demands();
  readonly #load: () => number;
  readonly #abort = new AbortController();
  readonly #running = new Map<string, Promise<void>>();
  #loop: Promise<void> | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#load = options.load ?? (() => loadavg()[0]);
    this.#gate = new Gate(options.concurrency ?? CONCURRENT_ATTEMPTS);
    const lanes = new LaneLimits({
      clock: options.clock,
      config: () => options.site().config,
      interval: (config, group) => this.#interval(config, group),
    });
    this.#scheduler = options.scheduler(lanes);
    this.#admission = new Admission({
      lanes,
      store: options.store,
      destinations: options.destinations,
      agents: () => options.site().agents,
      report: (error) => this.#report("cannot say what waits", error),
    });
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

  /** When a message that only waits (delivery modes "queue" and "deferred") is tried first, ms since the epoch. */
  nextRun(config: Config, group = DEFAULT_QUEUE_GROUP.name): number {
    const now = this.#options.clock.now();
    return this.#nextTry(config, { group, envelope: { arrived: now } }, now);
  }

  /** When a message whose acceptance is followed by deliver() is due, should the process end in between. */
  afterwards(): number {
    return this.#options.clock.now() + HEAD_START;
  }

  /** True when the machine has too much to do for a message that is accepted now. @param daemon Name= of the port it came by */
  isTooMuch({ options, daemonPorts }: Config, envelope: Envelope, daemon: string | undefined): boolean {
    const own = daemonPorts.find(({ name }) => name === daemon)?.extra.get("queuela");
    const keeps = keptByLoad(options, this.#load, own === undefined ? undefined : Number.parseInt(own, 10) || 0);
    return keeps(initialPriority(envelope, factorsOf(options)));
  }

  /** Tries one message now and waits for the outcome (delivery mode "interactive"). */
  async deliver(id: string, told?: FirstAttempt): Promise<void> {
    const claim = await this.#options.store.claim(id);
    if (claim !== undefined) await this.#work(claim, { atOnce: true, told });
  }

  /** For a message that only waits: its recipients wait in their queue groups from now on. */
  async allot(id: string): Promise<void> {
    const { store, log } = this.#options;
    const site = this.#options.site();
    if (!mayBeSplit(site)) return;
    const claim = await store.claim(id);
    if (claim === undefined) return;
    const release = site.use();
    try {
      const nextTry = (group: string): number => this.nextRun(site.config, group);
      await splitMessage({ store, log, nextTry }, site, claim, site.config.macros);
    } catch (error) {
      this.#report("cannot split a message between queue groups", error, id);
    } finally {
      release();
      await store.finish(claim, nextNotice(site.config, claim.entry.envelope));
    }
  }

  /** A queue run while the server works: makes matching messages due, without those that were tried too short a time ago. */
  hurry(filter: QueueFilter): MaybePromise<number> {
    const { store, clock } = this.#options;
    const now = clock.now();
    if (namesMail(filter)) {
      this.#demands.add(filter, now);
      return store.hurry(filter);
    }
    const { options } = this.#options.site().config;
    // The queue gives out what is due at one time by its priority.
    if (!/^p/i.test(options.text("QueueSortOrder"))) return this.#hurryInOrder(filter);
    return store.hurry({ ...filter, triedBefore: now - options.time("MinQueueAge") + 1 });
  }

  async #hurryInOrder(filter: QueueFilter): Promise<number> {
    const { store, clock } = this.#options;
    const messages = await this.#messagesOfRun(filter);
    const first = clock.now() - messages.length;
    let count = 0;
    for (const [place, { id }] of messages.entries()) count += await store.hurry({ ids: [id] }, first + place);
    return count;
  }

  /** Waits until what is running has ended. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.values());
  }

  /** Why a message is not tried now, when something particular holds it up. */
  whyNot(entry: EntryOutline): string | undefined {
    return this.#admission.whyNot(placeOf(entry));
  }

  /**
   * One queue run: tries the messages that match, due or not (run-order.ts), and waits for the outcome. Those whose destination
   * or group is busy come when it has time; those that are held up for longer stay. With `held` in the filter, those that are
   * quarantined or held are tried all the same, and stay so when they are not delivered.
   * @param watch hears of each message when its attempt is over
   */
  async runOnce(filter: QueueFilter = {}, watch?: RunWatch): Promise<void> {
    const { clock } = this.#options;
    if (namesMail(filter)) this.#demands.add(filter, clock.now());
    let left = await this.#messagesOfRun(filter);
    const run: Run = { of: left.length, which: filter.held === true ? "held too" : undefined, watch, begun: 0 };
    // Nothing but a timer of the clock's may be what we wait for, and that keeps no process alive.
    const alive = setInterval(() => undefined, ASK_AGAIN);
    while (left.length > 0) {
      const change = this.#admission.change();
      const busy: RunMessage[] = [];
      for (const message of left) {
        await this.#gate.enter();
        if (!(await this.#tryInside(message, run))) busy.push(message);
      }
      left = busy;
      if (left.length > 0) await (this.#running.size > 0 ? Promise.race([change, this.idle()]) : change);
    }
    clearInterval(alive);
    await this.idle();
  }

  #messagesOfRun(filter: QueueFilter): Promise<readonly RunMessage[]> {
    const { store, clock } = this.#options;
    return messagesOfRun(store, this.#options.site().config, filter, { now: clock.now(), load: this.#load });
  }

  /** For a place behind the gate. False: its destination or its group is busy. */
  async #tryInside(message: RunMessage, run: Run): Promise<boolean> {
    const { id } = message;
    const admitted = this.#admission.admit(message);
    const isBusy = admitted === undefined && this.#admission.whyNot(message) === undefined;
    let claim: Claim | undefined;
    try {
      if (!isBusy) claim = await this.#options.store.claim(id, run.which);
    } catch (error) {
      this.#report(error instanceof Error ? error.message : String(error), undefined, id);
    }
    if (claim === undefined) {
      this.#gate.leave();
      admitted?.();
    } else if (admitted === undefined) await this.#leaveAlone(claim);
    else this.#workInside(claim, admitted, false, run);
    return !isBusy;
  }

  /** Starts nothing new, waits up to `grace` ms for what is running, then aborts it; it stays in the queue. */
  async stop(grace: number): Promise<void> {
    this.#scheduler.close();
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
      if (this.#isKept(claim.entry)) {
        this.#gate.leave();
        await this.#putOff(claim);
        continue;
      }
      const admitted = this.#admission.admit(placeOf(claim.entry));
      if (admitted !== undefined) {
        this.#workInside(claim, admitted, laneOf(claim.entry) === FRESH_LANE);
        continue;
      }
      await this.#leaveAlone(claim);
    }
  }

  /** The machine has too much to do for it, and there is nothing to tell. */
  #isKept({ priority, envelope }: QueueEntry): boolean {
    const { config } = this.#options.site();
    const { clock } = this.#options;
    return keptByLoad(config.options, this.#load)(priority) && nextNotice(config, envelope) > clock.now();
  }

  /** Until the next run. */
  async #putOff(claim: Claim): Promise<void> {
    const { store, clock } = this.#options;
    const { config } = this.#options.site();
    const { entry } = claim;
    const nextTry = beforeDeadline(entry.envelope, this.#nextTry(config, entry, clock.now()), clock.now());
    try {
      await store.settle(claim, { recipients: [], nextTry });
      await store.finish(claim, nextNotice(config, entry.envelope));
    } catch (error) {
      this.#report("cannot put a message off", error, entry.id);
    }
  }

  /** For a place behind the gate: its destination takes nothing now, but there may be something to tell. */
  async #leaveAlone(claim: Claim): Promise<void> {
    const { store, site, clock } = this.#options;
    const { id, envelope } = claim.entry;
    const notice = nextNotice(site().config, envelope);
    if (notice <= clock.now()) {
      const reason = this.whyNot(claim.entry) ?? "many other messages are going there";
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
  #workInside(claim: Claim, admitted: () => void, atOnce: boolean, run?: Run): void {
    const { clock } = this.#options;
    const recipients: { address: string; text: string }[] = [];
    const number = run === undefined ? 0 : ++run.begun;
    const leave = this.#gate.leaveInTime({ clock, ms: PATIENCE, most: MOST_WAITING });
    const told: FirstAttempt | undefined = run?.watch && {
      outcome: (_index, { given }, _triple, { text }) => void recipients.push({ address: given, text }),
    };
    void this.#work(claim, { atOnce, asked: this.#demands.isAsked(claim.entry, clock.now()), told }).finally(() => {
      run?.watch?.({ id: claim.entry.id, number, of: run.of, recipients });
      admitted();
      leave();
    });
  }

  /** The next claim; a store that cannot be asked now is asked again. Undefined after stop(). */
  async #next(): Promise<Claim | undefined> {
    const { clock } = this.#options;
    while (!this.#abort.signal.aborted) {
      try {
        return await this.#scheduler.next();
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

  #work(claim: Claim, occasion: AttemptOccasion): Promise<void> {
    const { id } = claim.entry;
    const work = attempt(this.#environment, claim, occasion).finally(() => this.#running.delete(id));
    this.#running.set(id, work);
    return work;
  }

  /** Ms between two runs of a group: I= of its Q line, where there are runs at all; undefined: there are none. */
  #interval(config: Config, group: string): number | undefined {
    const { interval } = this.#options;
    return interval === undefined ? undefined : groupNamed(config, group)?.interval || interval;
  }

  #nextTry(config: Config, { group, envelope }: Waiting, now: number): number {
    const interval = this.#interval(config, group);
    if (interval === undefined) return WHEN_ASKED;
    return now + Math.max(interval, leastWait(config, envelope.arrived, now));
  }
}

/** Whoever waits for another try. */
interface Waiting {
  readonly group: string;
  readonly envelope: Pick<Envelope, "arrived">;
}
