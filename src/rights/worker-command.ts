/** How this program is started once more, as one of the processes beside the server. */
import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Flags of Node for processes that do little and change ids: each id call signals every thread there is, so there are as few as
 * can be; and their heaps are small (docs/decisions/0010-rights.md has the figures).
 */
export const WORKER_FLAGS: readonly string[] = [
  "--v8-pool-size=0",
  "--disable-sigusr1",
  "--single-threaded",
  "--max-semi-space-size=1",
  "--no-opt",
  "--no-maglev",
  "--no-sparkplug",
  "--max-old-space-size=64",
];

/** A command line to which a role is added (worker-roles.ts). The bundle of these processes lies beside the program's own. */
export function workerCommand(program: string = process.argv[1]): readonly string[] {
  return [process.execPath, ...WORKER_FLAGS, join(dirname(realpathSync(program)), "worker.js")];
}
