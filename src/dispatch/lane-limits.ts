/**
 * How much of what was queued is worked on: R= and J= of a queue group (else MaxRunnersPerQueue and MaxQueueRunSize), and
 * MaxQueueChildren for all groups together. Where sendmail has a process that works through a run, here are messages: R= of
 * them at once, J= of them in the time between two runs. Mail that has just come is never held up by this.
 */
import type { Config } from "../config/config.ts";
import { FRESH_LANE, type LaneGate } from "../queue/lane.ts";
import { groupNamed } from "../routing/queue-group.ts";
import type { Clock } from "../sys/clock.ts";

export interface LaneLimitsParts {
  readonly clock: Clock;
  /** In force now. */
  config(): Config;
  /** Ms between two runs of a group; undefined: there are none. */
  interval(config: Config, group: string): number | undefined;
}

interface Lane {
  running: number;
  /** Begun since the window began, and when that ends. */
  begun: number;
  windowEnds: number;
}

export class LaneLimits implements LaneGate {
  readonly #parts: LaneLimitsParts;
  readonly #lanes = new Map<string, Lane>();
  readonly #watchers = new Set<() => void>();
  #running = 0;

  constructor(parts: LaneLimitsParts) {
    this.#parts = parts;
  }

  get isLimited(): boolean {
    const config = this.#parts.config();
    const { options, queueGroups } = config;
    if (options.number("MaxQueueChildren") > 0 || options.number("MaxQueueRunSize") > 0) return true;
    if (options.isSet("MaxRunnersPerQueue")) return true;
    for (const { runners, jobs } of queueGroups.values()) if (runners > 0 || jobs > 0) return true;
    return false;
  }

  isOpen(name: string): boolean {
    if (name === FRESH_LANE) return true;
    const config = this.#parts.config();
    const { options } = config;
    const all = options.number("MaxQueueChildren");
    if (all > 0 && this.#running >= all) return false;
    const lane = this.#lanes.get(name);
    if (lane === undefined) return true;
    const group = groupNamed(config, name);
    const usual = options.isSet("MaxRunnersPerQueue") ? options.number("MaxRunnersPerQueue") : 0;
    const atOnce = group?.runners || usual || Infinity;
    const inWindow = group?.jobs || options.number("MaxQueueRunSize") || Infinity;
    const begun = this.#parts.clock.now() < lane.windowEnds ? lane.begun : 0;
    return lane.running < atOnce && begun < inWindow;
  }

  /** Somebody works on a message of the lane; call the answer at the end. */
  enter(name: string): () => void {
    if (name === FRESH_LANE) return () => undefined;
    const lane = this.#lane(name);
    lane.running++;
    lane.begun++;
    this.#running++;
    return () => {
      lane.running--;
      this.#running--;
      this.#tell();
    };
  }

  watch(opened: () => void): () => void {
    this.#watchers.add(opened);
    return () => void this.#watchers.delete(opened);
  }

  /** With a window that has not ended, if there are runs at all. */
  #lane(name: string): Lane {
    const { clock } = this.#parts;
    let lane = this.#lanes.get(name);
    if (lane === undefined) this.#lanes.set(name, (lane = { running: 0, begun: 0, windowEnds: 0 }));
    const now = clock.now();
    if (now < lane.windowEnds) return lane;
    lane.begun = 0;
    const window = this.#parts.interval(this.#parts.config(), name);
    if (window === undefined) return lane;
    lane.windowEnds = now + window;
    // Only somebody who was stopped has to hear of its end.
    clock.after(window, () => this.#tell());
    return lane;
  }

  #tell(): void {
    for (const each of this.#watchers) each();
  }
}
