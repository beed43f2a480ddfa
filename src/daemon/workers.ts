/**
 * Who does the work that needs a user's rights. Started by an ordinary user the server does it itself; started by root
 * it has a process per user do it, and only what belongs to its own user is done here (decision D6).
 */
import { existsSync, realpathSync } from "node:fs";
import { userTasks } from "../delivery/user-tasks.ts";
import { InProcessWorkers, type UserWorkers } from "../rights/task.ts";
import { RootHelper, WorkerPool } from "../rights/worker-pool.ts";
import { homeFolder } from "./home.ts";

/** How this program is started once more; a hidden personality follows. */
export function workerCommand(): readonly string[] {
  return [process.execPath, process.argv[1], "rulemail"];
}

/** A command that root gives may come before there is a home. */
function homeToStandIn(): string {
  const { folder } = homeFolder();
  return existsSync(folder) ? realpathSync(folder) : "/";
}

/** Workers, and their root helper: a server that will not be root for long starts it before. */
export interface ServerWorkers extends UserWorkers {
  start(): void;
}

export function openWorkers(): ServerWorkers {
  const here = new InProcessWorkers(userTasks);
  const own = process.getuid?.();
  if (own !== 0) return Object.assign(here, { start: () => undefined });
  // The helper is started when the first task for another user comes: most commands never have one.
  let pool: WorkerPool | undefined;
  const started = (): WorkerPool =>
    (pool ??= new WorkerPool(new RootHelper([...workerCommand(), "--worker"], homeToStandIn())));
  return {
    start: () => void started(),
    run(rights, task, argument, input, signal) {
      if (rights.uid === process.getuid?.()) return here.run(rights, task, argument, input, signal);
      return started().run(rights, task, argument, input, signal);
    },
    async close() {
      await here.close();
      await pool?.close();
    },
  };
}
