/** Tasks in the process of the test, with the rights that it has. */
import { FcntlLocks } from "../../src/mailbox/fcntl-lock.ts";
import { poolTasks } from "../../src/mailbox/pool-tasks.ts";
import { syncFolder } from "../../src/mailbox/stable-write.ts";
import { MessageOctets } from "../../src/rights/message-octets.ts";
import {
  type FileTask,
  fromSystemError,
  octetsOf,
  type PoolTasks,
  type TaskArgument,
  type TaskInput,
  type TaskResult,
  type TaskTools,
  type TaskUser,
  type UserWorkers,
} from "../../src/rights/task.ts";

/** Between two tries to get a lock, and how many there are. */
const PAUSE = 200;
const MOST_TRIES = 150;

const locks = new FcntlLocks({ asRoot: (work) => work(), warn: () => undefined });

export class InProcessWorkers implements UserWorkers {
  readonly #tasks: PoolTasks;

  constructor(tasks: PoolTasks = poolTasks) {
    this.#tasks = tasks;
  }

  async run(
    who: TaskUser,
    name: string,
    argument: TaskArgument,
    input: TaskInput,
    signal: AbortSignal,
  ): Promise<TaskResult> {
    const task = this.#tasks.get(name);
    if (task === undefined) return { kind: "later", status: "4.3.5", text: `unknown task "${name}"` };
    const octets = new MessageOctets();
    try {
      for await (const chunk of octetsOf(input)) octets.push(Buffer.from(chunk));
      if (task.kind === "file") return await untilFree(task.run, argument, octets, who, signal);
      return await task.run(argument, octets, { ...who, groups: [who.gid], isChange: false }, signal);
    } catch (error) {
      return fromSystemError(error, name);
    } finally {
      octets.close();
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function untilFree(
  task: FileTask,
  argument: TaskArgument,
  octets: MessageOctets,
  user: TaskUser,
  signal: AbortSignal,
): Promise<TaskResult> {
  const tools: TaskTools = { locks, user, now: () => Date.now(), asRoot: (work) => work(), syncFolder };
  for (let tries = 1; ; tries++) {
    const result = task(argument, octets, tools);
    if (result.kind !== "busy") return result;
    if (tries === MOST_TRIES || signal.aborted) return { kind: "later", status: "4.2.0", text: result.text };
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}
