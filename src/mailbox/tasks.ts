/** The tasks that write mailboxes and files: name → what it does. */
import type { FileTask } from "../rights/task.ts";
import { appendToFile } from "./file.ts";
import { deliverToMaildir } from "./maildir.ts";
import { deliverToMbox } from "./mbox.ts";
import { deliverToMh } from "./mh.ts";
import { deliverToMmdf } from "./mmdf.ts";

export const mailboxTasks: ReadonlyMap<string, FileTask> = new Map([
  ["maildir", deliverToMaildir],
  ["mbox", deliverToMbox],
  ["mh", deliverToMh],
  ["mmdf", deliverToMmdf],
  ["file", appendToFile],
]);
