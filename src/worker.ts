/**
 * The second program of the bundle: the processes beside the server, of which root's are the only ones that are root while mail
 * is moved. It loads nothing that knows SMTP, rules, DNS or the configuration (a test walks its imports).
 */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { FcntlLocks } from "./mailbox/fcntl-lock.ts";
import { poolTasks } from "./mailbox/pool-tasks.ts";
import { WORKER_COMMAND } from "./rights/worker-command.ts";
import { runWorker } from "./rights/worker-roles.ts";

// As for the program itself: where only its owner can put any.
enableCompileCache(join(import.meta.dirname, ".cache"));
const warn = (reason: string): void => void process.stderr.write(`rulemail: ${reason}\n`);
await runWorker(process.argv[2], {
  command: WORKER_COMMAND,
  tasks: poolTasks,
  openLocks: (asRoot) => new FcntlLocks({ asRoot, warn }),
});
