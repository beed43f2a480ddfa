/** The tasks that are carried out with a user's rights: name → what it does. The worker process has the same table. */
import { FcntlLocks } from "../mailbox/fcntl-lock.ts";
import { syncFolder } from "../mailbox/stable-write.ts";
import { mailboxTasks } from "../mailbox/tasks.ts";
import { runProgram } from "../rights/program.ts";
import {
  type FileTask,
  type Octets,
  octetsOf,
  type Task,
  type TaskInput,
  type TaskTable,
  type TaskTools,
} from "../rights/task.ts";
import { READ_TASK, readTask } from "../routing/user-files.ts";

/** Between two tries to get a lock, and how many there are. */
const PAUSE = 200;
const MOST_TRIES = 150;

const locks = new FcntlLocks({ asRoot: (work) => work(), warn: () => undefined });

/** Tools of a process that has the ids of one user for good. */
const tools: TaskTools = {
  locks,
  user: { user: "", uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 },
  now: () => Date.now(),
  asRoot: (work) => work(),
  syncFolder,
};

export const userTasks: TaskTable = new Map<string, Task>([
  ...[...mailboxTasks].map(([name, task]): [string, Task] => [name, waiting(task)]),
  [READ_TASK, readTask],
  [
    "program",
    async (argument, input, signal) => {
      const identity = { ...tools.user, groups: [], isChange: false };
      return runProgram(argument, await inMemory(input), identity, signal);
    },
  ],
]);

function waiting(task: FileTask): Task {
  return async (argument, input, signal) => {
    const octets = await inMemory(input);
    for (let tries = 1; ; tries++) {
      const result = task(argument, octets, tools);
      if (result.kind !== "busy") return result;
      if (tries === MOST_TRIES || signal.aborted) return { kind: "later", status: "4.2.0", text: result.text };
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  };
}

async function inMemory(input: TaskInput): Promise<Octets> {
  const chunks: Buffer[] = [];
  for await (const chunk of octetsOf(input)) chunks.push(chunk);
  return { size: chunks.reduce((sum, each) => sum + each.length, 0), chunks: () => chunks };
}
