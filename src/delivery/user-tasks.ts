/** The tasks that are carried out with a user's rights: name → what it does. The worker process has the same table. */
import type { Task, TaskArgument, TaskInput, TaskResult, TaskTable } from "../rights/task.ts";
import { READ_TASK, readTask } from "../routing/user-files.ts";
import { appendToFile } from "./append-file.ts";
import { deliverToMaildir } from "./maildir.ts";
import { deliverToMbox } from "./mbox.ts";
import { deliverToMh } from "./mh.ts";
import { folderNotOwn } from "./mailbox-owner.ts";
import { pipeToProgram } from "./pipe-program.ts";

export const userTasks: TaskTable = new Map<string, Task>([
  ["maildir", intoFolder(deliverToMaildir)],
  ["mbox", (argument, input, signal) => deliverToMbox(text(argument, "path"), input, signal, ownerOf(argument))],
  ["mh", intoFolder(deliverToMh)],
  ["file", (argument, input, signal) => appendToFile(argument, input, signal)],
  [READ_TASK, readTask],
  ["program", (argument, input, signal) => pipeToProgram(argument, input, signal)],
]);

type FolderDelivery = (path: string, input: TaskInput, signal: AbortSignal) => Promise<TaskResult>;

function intoFolder(deliver: FolderDelivery): Task {
  return async (argument, input, signal) => {
    const path = text(argument, "path");
    return (await folderNotOwn(path, ownerOf(argument))) ?? deliver(path, input, signal);
  };
}

/** uid of the user whose mailbox it is; -1 when it is no user's. */
function ownerOf({ owner }: TaskArgument): number {
  return typeof owner === "number" ? owner : -1;
}

/** A text of the argument; it may have come from another process. */
export function text(argument: TaskArgument, name: string): string {
  const value = argument[name];
  if (typeof value !== "string") throw new Error(`task argument "${name}" is missing`);
  return value;
}
