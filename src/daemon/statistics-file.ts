/**
 * Keeps the statistics file (StatusFile) of a running server: what was counted is added to it a moment later, so that busy
 * seconds cost one small write. As with sendmail there are statistics where somebody has made the file, and nowhere else.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, writeSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { dontBlameOf } from "../config/policies.ts";
import type { Log } from "../log/log.ts";
import {
  addCounts,
  decodeStatistics,
  encodeStatistics,
  LENGTH,
  type Misfit,
  type StatisticsRecord,
} from "../log/statistics-record.ts";
import type { Statistics } from "../log/statistics.ts";
import type { Clock } from "../sys/clock.ts";

export interface StatisticsFileParts {
  readonly statistics: Statistics;
  readonly clock: Clock;
  readonly log: Log;
  /** In force now. */
  config(): Config;
}

/** What was counted is in the file after so many ms. */
const DELAY = 2_000;

export class StatisticsFile {
  readonly #parts: StatisticsFileParts;
  /** What the log has said already. */
  #problem: string | undefined;

  constructor(parts: StatisticsFileParts) {
    this.#parts = parts;
    parts.statistics.watch(() => void parts.clock.after(DELAY, () => this.write()));
  }

  /** Adds what was counted since the last time. */
  write(): void {
    const { statistics, clock, log } = this.#parts;
    const counts = statistics.take();
    const config = this.#parts.config();
    const path = config.options.text("StatusFile");
    if (path === "") return;
    try {
      const now = Math.floor(clock.now() / 1000);
      change(path, dontBlameOf(config.options), now, (record) =>
        addCounts(record, counts, (name) => config.mailers.get(name)?.number),
      );
      this.#problem = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (message === this.#problem) return;
      this.#problem = message;
      log.write(1, { priority: "warning", text: `no statistics in ${path}: ${message}` });
    }
  }
}

/** In one turn of the event loop: whoever empties the file does it before or after. Throws with what is wrong with it. */
function change(
  path: string,
  dontBlame: ReadonlySet<string>,
  now: number,
  work: (record: StatisticsRecord) => void,
): void {
  const allowed = new Set([...dontBlame].map((name) => name.toLowerCase()));
  const { O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants;
  let fd: number;
  try {
    fd = openSync(path, O_RDWR | O_NONBLOCK | (allowed.has("writestatstosymlink") ? 0 : O_NOFOLLOW));
  } catch (error) {
    // Nobody has made it: nobody wants to know.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error("it is not a regular file");
    if (stats.nlink > 1 && !allowed.has("writestatstohardlink")) {
      throw new Error("it has a second name (DontBlameSendmail=WriteStatsToHardLink would allow it)");
    }
    const octets = Buffer.alloc(LENGTH);
    const record = decodeStatistics(octets.subarray(0, readSync(fd, octets, 0, LENGTH, 0)), now);
    if ("misfit" in record) throw new Error(MISFITS[record.misfit]);
    work(record);
    writeSync(fd, encodeStatistics(record), 0, LENGTH, 0);
  } finally {
    closeSync(fd);
  }
}

const MISFITS: Readonly<Record<Misfit["misfit"], string>> = {
  magic: "it is no statistics file: empty it, or name another one in StatusFile",
  version: "it is of another version of sendmail: read it with mailstats -p of that one, which empties it",
  size: "it is of another kind of machine: read it with mailstats -p there, which empties it",
};

/** True for a file that is statistics already, or nothing yet: not whatever else StatusFile may name by mistake. */
export function isStatisticsFile(path: string): boolean {
  if (path === "" || lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const octets = Buffer.alloc(LENGTH);
    return !("misfit" in decodeStatistics(octets.subarray(0, readSync(fd, octets, 0, LENGTH, 0)), 0));
  } finally {
    closeSync(fd);
  }
}
