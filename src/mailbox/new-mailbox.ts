/**
 * The first mailbox of a user, where only root may make one: in /var/mail (2775 root:mail on Debian), or in the server's own
 * folder. It is made with root's rights, empty, and given to its owner; what is written into it is written by him.
 *
 * Done only by a server that is root, only below folders that are root's all the way, by names that must be new, and by
 * descriptor: no link is followed, nothing that was there before changes hands. Everything else is left to the delivery,
 * which has the user's rights and says what is wrong.
 */
import {
  closeSync,
  constants,
  existsSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  rmdirSync,
  unlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;
const GROUP_WRITE = 0o020;
const WORLD_WRITE = 0o002;
const STICKY = 0o1000;
const SET_GROUP = 0o2000;

export interface MailboxOwner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Makes the mailbox when it is missing and its owner could not make it. Throws nothing: what could not be made the delivery
 * will report.
 * @param path absolute, without a slash at the end
 */
export function makeNewMailbox(kind: "mbox" | "maildir" | "mh", path: string, owner: MailboxOwner): void {
  if (process.geteuid?.() !== 0 || owner.uid === 0) return;
  try {
    // Nearly always: one system call.
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
    const folder = realpathSync(dirname(path));
    const place = join(folder, basename(path));
    if (!belongsToRoot(folder)) return;
    const { mode, gid } = lstatSync(folder);
    // In a folder that hands on its group (mail) readers of that group are meant to get at the mailbox.
    const group = (mode & SET_GROUP) === 0 ? owner.gid : gid;
    if (kind === "mbox") makeFile(place, owner.uid, group);
    else makeFolder(place, owner.uid, owner.gid);
    syncFolder(folder);
  } catch {
    // The delivery meets the same trouble, and tells.
  }
}

/**
 * Whether mailboxes are made with root's rights in this folder: nobody but root can put another folder in its place, and
 * those who have mailboxes there cannot make them.
 */
export function belongsToRoot(folder: string): boolean {
  const { uid, mode } = lstatSync(folder);
  if (uid !== 0 || (mode & WORLD_WRITE) !== 0) return false;
  return dirname(folder) === folder || isFixed(dirname(folder));
}

/** What lies in the folder, and belongs to root, stays there as long as root wants. */
function isFixed(folder: string): boolean {
  const { uid, gid, mode } = lstatSync(folder);
  const isOpen = (mode & WORLD_WRITE) !== 0 || ((mode & GROUP_WRITE) !== 0 && gid !== 0);
  if (uid !== 0 || (isOpen && (mode & STICKY) === 0)) return false;
  return dirname(folder) === folder || isFixed(dirname(folder));
}

function makeFile(path: string, uid: number, gid: number): void {
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    fchownSync(fd, uid, gid);
    fsyncSync(fd);
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(fd);
  }
}

function makeFolder(path: string, uid: number, gid: number): void {
  mkdirSync(path, { mode: 0o700 });
  const fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    // Ours: a folder of somebody else that took its place has another owner.
    if (fstatSync(fd).uid !== 0) throw new Error("not the folder that was made");
    fchownSync(fd, uid, gid);
  } catch (error) {
    rmdirSync(path);
    throw error;
  } finally {
    closeSync(fd);
  }
}

function syncFolder(path: string): void {
  const fd = openSync(path, O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** For those who ask before there is mail: the folder is there. */
export function folderExists(path: string): boolean {
  return existsSync(path) && lstatSync(realpathSync(path)).isDirectory();
}
