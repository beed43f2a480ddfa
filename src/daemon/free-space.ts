/** MinFreeBlocks: whether the file system of the queue has room for mail; looked at once a second at most. */
import { statfsSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { queueFolder } from "../config/queue-folder.ts";
import type { Clock } from "../sys/clock.ts";

const LOOK_EVERY = 1000;

export class FreeSpace {
  readonly #clock: Clock;
  readonly #freeBlocks: (folder: string) => number;
  #checked = -Infinity;
  #problem: string | undefined;

  /** @param freeBlocks throws when the folder cannot be looked at */
  constructor(clock: Clock, freeBlocks = (folder: string): number => statfsSync(folder).bavail) {
    this.#clock = clock;
    this.#freeBlocks = freeBlocks;
  }

  /** Undefined when there is room, else the reason for a 452. */
  problem(config: Config): string | undefined {
    const now = this.#clock.now();
    if (now - this.#checked < LOOK_EVERY) return this.#problem;
    this.#checked = now;
    const wanted = config.options.number("MinFreeBlocks");
    try {
      const free = this.#freeBlocks(queueFolder(config));
      this.#problem = free < wanted ? `${free} of ${wanted} blocks free` : undefined;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
    }
    return this.#problem;
  }
}

/** What sendmail says when `queueFolder` is empty. */
export const NO_QUEUE = "QueueDirectory (Q) option must be set";
