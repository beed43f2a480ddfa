/**
 * The thread itself, started as soon as it is clear that this process will be a server: it loads its scripts while the main thread
 * loads others. Whether it is wanted the configuration says, which is read later.
 */
import { join } from "node:path";
import { SHARE_ENV, Worker, type WorkerOptions } from "node:worker_threads";
import { isOneFile, readProgramFile } from "../../sys/program-files.ts";

/** Its bundle lies beside the program's own; from the source it is src/sessions.ts; the one executable file carries it. */
const SCRIPT = join(import.meta.dirname, import.meta.filename.endsWith(".ts") ? "../../sessions.ts" : "sessions.js");

/** Whether most configurations want it (SessionThreads): else nobody begins before he has read one. */
const IS_USUAL = false;

/** Three halves of 4 MB: it makes half of what one thread with all the work makes. */
const YOUNG_MB = 12;

let early: Worker | undefined;

/** Starts it, where that is usual. A process that ends without having taken it ends all the same. */
export function startEarly(): void {
  if (!IS_USUAL) return;
  early ??= start();
  early.unref();
}

export function isStartedEarly(): boolean {
  return early !== undefined;
}

/** The one that was started early, or another one. @param script another than the usual one */
export function takeWorker(script?: string): Worker {
  const worker = early ?? start(script);
  early = undefined;
  worker.ref();
  return worker;
}

function start(script = SCRIPT): Worker {
  const options: WorkerOptions = {
    name: "sessions",
    env: SHARE_ENV,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  };
  if (!isOneFile()) return new Worker(script, options);
  return new Worker(readProgramFile("sessions-main.js")!.toString("latin1"), { ...options, eval: true });
}
