/** The tasks that are carried out with a user's rights: name → what it does. The worker process has the same table. */
import type { Task, TaskArgument, TaskTable } from "../sys/user-workers.ts";
import { READ_TASK, readTask } from "../routing/user-files.ts";
import { appendToFile } from "./append-file.ts";
import { deliverToMaildir } from "./maildir.ts";
import { deliverToMbox } from "./mbox.ts";
import { deliverToMh } from "./mh.ts";
import { pipeToProgram } from "./pipe-program.ts";

export const userTasks: TaskTable = new Map<string, Task>([
  ["maildir", (argument, input, signal) => deliverToMaildir(text(argument, "path"), input, signal)],
  ["mbox", (argument, input, signal) => deliverToMbox(text(argument, "path"), input, signal)],
  ["mh", (argument, input, signal) => deliverToMh(text(argument, "path"), input, signal)],
  ["file", (argument, input, signal) => appendToFile(argument, input, signal)],
  [READ_TASK, readTask],
  ["program", (argument, input, signal) => pipeToProgram(argument, input, signal)],
]);

/** A text of the argument; it may have come from another process. */
export function text(argument: TaskArgument, name: string): string {
  const value = argument[name];
  if (typeof value !== "string") throw new Error(`task argument "${name}" is missing`);
  return value;
}
