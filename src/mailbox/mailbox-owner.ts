/**
 * Whose a mailbox is. In a folder where others may make files (/var/mail with mode 1777) somebody else may have been there
 * first: with a file, a folder or a link of the user's name, which he could read, change or have fetched elsewhere.
 *
 * Looked at only where the delivery has the rights of that user; a server that writes all mailboxes as one user knows
 * nothing about theirs.
 */
import { lstatSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import type { TaskResult } from "../rights/task.ts";

/** Group or world. */
const OTHERS_WRITE = 0o022;

/** A mailbox that is a file, by its descriptor's status: one with a second name may be somebody else's. */
export function fileNotOwn(path: string, status: Stats, owner: number): TaskResult | undefined {
  if (!status.isFile()) return refuse(path, "not a regular file");
  if (status.nlink > 1) return refuse(path, "has more than one link");
  return notOwn(path, status, owner);
}

/**
 * A mailbox that is a folder; one that is missing is nobody's yet. A link counts where nobody else could have made it.
 * @param owner uid of the user whose mailbox it is
 */
export function folderNotOwn(path: string, owner: number): TaskResult | undefined {
  if (!isActingFor(owner)) return undefined;
  try {
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (status === undefined) return undefined;
    if (!status.isSymbolicLink()) return notOwn(path, status, owner);
    if ((statSync(dirname(path)).mode & OTHERS_WRITE) !== 0) return refuse(path, "is a link");
    return notOwn(path, status, owner) ?? notOwn(path, statSync(path), owner);
  } catch (error) {
    // What is missing can be made, what cannot be reached is reported by who tries to write.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "EACCES" || code === "ENOTDIR" || code === "ELOOP") return undefined;
    throw error;
  }
}

/** Undefined: it is the user's own, or root's. */
function notOwn(path: string, { uid }: Stats, owner: number): TaskResult | undefined {
  return uid === owner || uid === 0 || !isActingFor(owner) ? undefined : refuse(path, "belongs to another user");
}

function isActingFor(owner: number): boolean {
  return owner !== 0 && process.geteuid?.() === owner;
}

/** Whoever may put it right is not the sender: the mail waits. */
function refuse(path: string, reason: string): TaskResult {
  return { kind: "later", status: "4.2.0", text: `${path}: ${reason}` };
}
