/**
 * The scheduler of one process: asks the store for what is due, and waits with one timer for what comes next, or until the
 * store says that something is due sooner.
 *
 * What has just come goes before what was tried in vain, three times of four: a backlog of hours holds up nobody who writes
 * now. Where queue groups have limits, each lane that is open has its turn.
 */
import type { Clock } from "../sys/clock.ts";
import { FRESH_LANE, type LaneGate, OPEN_LANES } from "./lane.ts";
import type { Claim, DueQueue } from "./queue.ts";
import type { Scheduler } from "./scheduler.ts";

/** When nothing waits the store tells; a look once a day costs nothing. */
const LONGEST_WAIT = 24 * 3_600_000;
/** Until we look again for a message that somebody else has claimed before us, ms. */
const TAKEN_WAIT = 1000;
/** Of so many messages one comes without regard to whether it has just come. */
const FAIR_TURN = 4;

export class TimerScheduler implements Scheduler {
  readonly #clock: Clock;
  readonly #queue: DueQueue;
  readonly #gate: LaneGate;
  readonly #unwatch: readonly (() => void)[];
  #closed = false;
  #turn = 0;
  /** Something may be due sooner than what we last heard: counts, so that none is missed while a question is open. */
  #hints = 0;
  #wake: (() => void) | undefined;

  constructor(clock: Clock, queue: DueQueue, gate: LaneGate = OPEN_LANES) {
    this.#clock = clock;
    this.#queue = queue;
    this.#gate = gate;
    const hint = (): void => this.#hint();
    this.#unwatch = [queue.watch(hint), gate.watch(hint)];
  }

  async next(): Promise<Claim | undefined> {
    while (!this.#closed) {
      const hints = this.#hints;
      const now = this.#clock.now();
      const claim = await this.#claim(now);
      if (claim !== undefined) return claim;
      const due = await this.#nextDue();
      if (this.#closed) break;
      // Due, and not given to us: somebody else was first.
      if (due !== undefined && due <= now && this.#hints === hints) await this.#pause(TAKEN_WAIT, hints);
      else await this.#pause(due === undefined ? LONGEST_WAIT : due - this.#clock.now(), hints);
    }
    return undefined;
  }

  close(): void {
    this.#closed = true;
    for (const unwatch of this.#unwatch) unwatch();
    this.#hint();
  }

  async #claim(now: number): Promise<Claim | undefined> {
    if (++this.#turn % FAIR_TURN !== 0) {
      const [fresh] = await this.#queue.claimDue(now, 1, FRESH_LANE);
      if (fresh !== undefined) return fresh;
    }
    for (const lane of await this.#openLanes()) {
      const [claim] = await this.#queue.claimDue(now, 1, lane);
      if (claim !== undefined) return claim;
    }
    return undefined;
  }

  async #nextDue(): Promise<number | undefined> {
    let next = Infinity;
    for (const lane of await this.#openLanes()) next = Math.min(next, (await this.#queue.nextDue(lane)) ?? Infinity);
    return next === Infinity ? undefined : next;
  }

  /** In turns; undefined stands for all of them together. */
  async #openLanes(): Promise<readonly (string | undefined)[]> {
    if (!this.#gate.isLimited) return [undefined];
    const lanes = (await this.#queue.lanes()).filter((lane) => this.#gate.isOpen(lane));
    const first = this.#turn % Math.max(1, lanes.length);
    return [...lanes.slice(first), ...lanes.slice(0, first)];
  }

  #hint(): void {
    this.#hints++;
    this.#wake?.();
  }

  /** Waits so many ms, or for a hint later than this one. */
  #pause(ms: number, hints: number): Promise<void> {
    if (this.#hints !== hints) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#clock.after(Math.min(ms, LONGEST_WAIT), () => over());
      const over = (): void => {
        cancel();
        this.#wake = undefined;
        resolve();
      };
      this.#wake = over;
    });
  }
}
