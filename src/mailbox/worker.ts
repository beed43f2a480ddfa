/**
 * The processes beside the server, of which root's are the only ones that are root while mail is moved. What is loaded here is all
 * that they are; nothing that knows SMTP, rules, DNS or the configuration is (a test walks its imports).
 */
import { WORKER_COMMAND } from "../rights/worker-command.ts";
import { runWorker } from "../rights/worker-roles.ts";
import { FcntlLocks } from "./fcntl-lock.ts";
import { poolTasks } from "./pool-tasks.ts";

const warn = (reason: string): void => void process.stderr.write(`rulemail: ${reason}\n`);

/** @param role rights/worker-roles.ts; resolves when whoever started the process is gone */
export function beWorker(role: string | undefined): Promise<void> {
  return runWorker(role, {
    command: WORKER_COMMAND,
    tasks: poolTasks,
    openLocks: (asRoot) => new FcntlLocks({ asRoot, warn }),
  });
}
