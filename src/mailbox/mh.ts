/** Delivery into an MH folder: one file per message, named by the next free number. */
import { closeSync, constants, fstatSync, fsyncSync, linkSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { FileTask, Octets, TaskTools } from "../rights/task.ts";
import { uniqueName } from "../sys/temp.ts";
import { makeFolder, unlinkQuietly } from "./maildir.ts";
import { folderNotOwn } from "./mailbox-owner.ts";
import { failure, type MailboxArgument, mailboxOf } from "./mailbox-task.ts";
import { makeNewMailbox } from "./new-mailbox.ts";
import { writeAll } from "./stable-write.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/** Another writer may take our number; it cannot do so for ever. */
const TRIES = 100;

export const deliverToMh: FileTask = (argument, input, tools) => {
  const mailbox = mailboxOf(argument);
  const { path, owner } = mailbox;
  // MH ignores names that begin with a comma.
  const temporary = join(path, `,${uniqueName(tools.now())}`);
  try {
    const problem = folderNotOwn(path, owner);
    if (problem !== undefined) return problem;
    deliver(mailbox, temporary, input, tools);
    return { kind: "done", status: "2.0.0", text: "" };
  } catch (error) {
    return failure(error, path, argument);
  } finally {
    unlinkQuietly(temporary);
  }
};

function deliver(mailbox: MailboxArgument, temporary: string, input: Octets, tools: TaskTools): void {
  const fd = create(mailbox, temporary, tools);
  try {
    writeAll(fd, input);
    fsyncSync(fd);
    linkToNextNumber(mailbox.path, temporary, fd);
  } finally {
    closeSync(fd);
  }
  tools.syncFolder(mailbox.path);
}

function create({ path, isHome }: MailboxArgument, temporary: string, tools: TaskTools): number {
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  try {
    return openSync(temporary, flags, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  if (!isHome) tools.asRoot(() => makeNewMailbox("mh", path, tools.user));
  makeFolder(path);
  return openSync(temporary, flags, 0o600);
}

function linkToNextNumber(folder: string, temporary: string, fd: number): void {
  let number = 1;
  for (const name of readdirSync(folder)) if (/^[0-9]+$/.test(name)) number = Math.max(number, Number(name) + 1);
  for (let attempt = 0; ; attempt++, number++) {
    try {
      linkSync(temporary, join(folder, String(number)));
      return;
    } catch (error) {
      // The answer of a file server may get lost, the link does not.
      if (fstatSync(fd).nlink === 2) return;
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt >= TRIES) throw error;
    }
  }
}
