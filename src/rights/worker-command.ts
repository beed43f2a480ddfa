/** How the processes beside the server are started. */
import { join } from "node:path";
import { isOneFile, workerCommand } from "../sys/program-files.ts";

/**
 * Flags of Node for processes that do little and change ids: each id call signals every thread there is, so there are as few as
 * can be (a V8 pool of 0 would be one thread for each core); and their heaps are small (docs/decisions/0012-rights.md has the
 * figures).
 */
export const WORKER_FLAGS: readonly string[] = [
  "--v8-pool-size=1",
  "--disable-sigusr1",
  "--single-threaded",
  "--max-semi-space-size=1",
  "--max-old-space-size=64",
  "--optimize-for-size",
];

/** Their bundle lies beside the program's own; from the source it is src/worker.ts; the one executable file carries it. */
const SCRIPT = join(import.meta.dirname, import.meta.filename.endsWith(".ts") ? "../worker.ts" : "worker.js");

/** A command line to which a role is added (worker-roles.ts). */
export const WORKER_COMMAND: readonly string[] = isOneFile()
  ? workerCommand([])
  : [process.execPath, ...WORKER_FLAGS, SCRIPT];
