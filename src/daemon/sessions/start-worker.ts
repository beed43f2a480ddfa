/** The thread itself: what it is started with, and one that was started before anybody needs it (early-start.ts). */
import { join } from "node:path";
import { SHARE_ENV, Worker, type WorkerOptions } from "node:worker_threads";
import { isOneFile, readProgramFile } from "../../sys/program-files.ts";

/** Its bundle lies beside the program's own; from the source it is src/sessions.ts; the one executable file carries it. */
const SCRIPT = join(import.meta.dirname, import.meta.filename.endsWith(".ts") ? "../../sessions.ts" : "sessions.js");

/** Three halves of 8 MB, as in the main thread, where an option of bin/rulemail says so for both. */
const YOUNG_MB = 24;

let early: Worker | undefined;

export function startEarly(): void {
  early ??= start();
  early.unref();
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
