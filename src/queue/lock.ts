/**
 * One writer per queue folder: the process that holds an exclusive transaction on `lock.db`. The lock belongs to the
 * process (fcntl, through SQLite), so it ends with it however it ends, and no stale lock file ever has to be judged.
 */
import { lstatSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reasonOf } from "./file-operations.ts";

/** Another process has this queue. */
export class QueueLockedError extends Error {
  override readonly name = "QueueLockedError";
}

export interface QueueLock {
  release(): void;
}

/** Who holds the lock, as far as that is known: only for the message. */
function holder(folder: string): string {
  try {
    const pid = readFileSync(join(folder, "lock.pid"), "latin1").trim();
    return /^\d{1,10}$/.test(pid) ? `process ${pid}` : "another process";
  } catch {
    return "another process";
  }
}

/** Lines of /proc/locks: `1: POSIX  ADVISORY  WRITE 812 fe:01:1310 0 EOF`. */
const LOCK_LINE = /^\d+: POSIX\s+\S+\s+WRITE\s+(\d+)\s+[0-9a-f]+:[0-9a-f]+:(\d+)\s/gm;

/**
 * Looks whether another process works with this queue, without opening anything in it: for root, who has not yet made sure
 * that what lies there is no link of somebody else's. Where the system does not tell, the lock itself will.
 * @throws QueueLockedError
 */
export function checkQueueUnused(folder: string, locks = "/proc/locks"): void {
  const lock = lstatSync(join(folder, "lock.db"), { throwIfNoEntry: false });
  if (lock === undefined) return;
  let text: string;
  try {
    text = readFileSync(locks, "latin1");
  } catch {
    return;
  }
  for (const [, pid, inode] of text.matchAll(LOCK_LINE)) {
    if (Number(inode) !== lock.ino || Number(pid) === process.pid) continue;
    throw new QueueLockedError(`Cannot open the queue ${folder}: process ${pid} is using it`);
  }
}

/** SQLite says "unable to open database file" for all reasons; the folder is what an operator needs to look at. */
function openDatabase<T>(open: () => T, folder: string): T {
  try {
    return open();
  } catch (error) {
    throw new Error(`Cannot lock the queue ${folder}: ${reasonOf(error)}; is it writable?`, { cause: error });
  }
}

/**
 * Takes the lock of a queue folder, without waiting.
 * @throws QueueLockedError when another process (or this one, before) has it
 */
export async function lockQueue(folder: string): Promise<QueueLock> {
  // Loaded here: sendmail -t and mailq never lock and need not pay for it.
  const { DatabaseSync } = await import("node:sqlite");
  const database = openDatabase(() => new DatabaseSync(join(folder, "lock.db"), { timeout: 0 }), folder);
  try {
    database.exec("PRAGMA journal_mode = OFF; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (!/locked|busy/i.test(reasonOf(error))) {
      throw new Error(`Cannot lock the queue ${folder}: ${reasonOf(error)}`, { cause: error });
    }
    throw new QueueLockedError(`Cannot open the queue ${folder}: ${holder(folder)} is using it`);
  }
  const pidFile = join(folder, "lock.pid");
  try {
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o644 });
  } catch {
    // Only the message of a second process would show it.
  }
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      rmSync(pidFile, { force: true });
      database.close();
    },
  };
}
