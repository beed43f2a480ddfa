/**
 * Delivery into a Maildir: written to `tmp`, synced, linked to `new`, the folder synced. A reader sees a whole message or
 * none, and needs no lock, also over NFS. See http://cr.yp.to/proto/maildir.html.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import type { FileTask, Octets, TaskTools } from "../rights/task.ts";
import { uniqueName } from "../sys/temp.ts";
import { folderNotOwn } from "./mailbox-owner.ts";
import { failure, type MailboxArgument, mailboxOf } from "./mailbox-task.ts";
import { makeNewMailbox } from "./new-mailbox.ts";
import { syncFolder, writeAll } from "./stable-write.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/** File systems without links (some FUSE and network ones). */
const NO_LINKS = new Set(["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EMLINK"]);

export const deliverToMaildir: FileTask = (argument, input, tools) => {
  const mailbox = mailboxOf(argument);
  const { path, owner } = mailbox;
  const name = uniqueName(tools.now());
  const temporary = join(path, "tmp", name);
  try {
    const problem = folderNotOwn(path, owner);
    if (problem !== undefined) return problem;
    deliver(mailbox, name, input, tools);
    return { kind: "done", status: "2.0.0", text: "" };
  } catch (error) {
    unlinkQuietly(temporary);
    return failure(error, path, argument);
  }
};

function deliver(mailbox: MailboxArgument, name: string, input: Octets, tools: TaskTools): void {
  const folder = mailbox.path;
  const temporary = join(folder, "tmp", name);
  const final = join(folder, "new", name);
  const fd = create(mailbox, temporary, tools);
  try {
    writeAll(fd, input);
    fsyncSync(fd);
    moveTo(final, temporary, fd);
  } finally {
    closeSync(fd);
  }
  tools.syncFolder(join(folder, "new"));
}

/** A link takes no name that is there. Whether it was made the count says: the answer of a file server may get lost. */
function moveTo(final: string, temporary: string, fd: number): void {
  for (let isSecond = false; ; isSecond = true) {
    try {
      linkSync(temporary, final);
      break;
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (NO_LINKS.has(code)) return renameTo(final, temporary);
      if (fstatSync(fd).nlink === 2) break;
      if (code !== "ENOENT" || isSecond) throw error;
      makeFolders(join(final, "../.."));
    }
  }
  unlinkQuietly(temporary);
}

function renameTo(final: string, temporary: string): void {
  if (lstatSync(final, { throwIfNoEntry: false }) !== undefined) throw new Error("the name is taken");
  renameSync(temporary, final);
}

function create(mailbox: MailboxArgument, temporary: string, tools: TaskTools): number {
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  try {
    return openSync(temporary, flags, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  if (!mailbox.isHome) tools.asRoot(() => makeNewMailbox("maildir", mailbox.path, tools.user));
  makeFolder(mailbox.path);
  makeFolders(mailbox.path);
  return openSync(temporary, flags, 0o600);
}

function makeFolders(folder: string): void {
  for (const part of ["tmp", "new", "cur"]) makeFolder(join(folder, part));
  syncFolder(folder);
}

/** With mode 0700; its parent must be there. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

export function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is not there.
  }
}
