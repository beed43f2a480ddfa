/** A lock for commands that change a file one after another: `file.lock`, created exclusively. */
import { constants } from "node:fs";
import { lstat, open, readFile, unlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

export interface LockOptions {
  /** How long to wait for a lock, ms. */
  readonly timeout: number;
  /** A lock file older than this, whose owner is gone, is taken away; ms. */
  readonly staleAfter: number;
}

export type LockResult =
  | { readonly kind: "locked"; readonly release: () => Promise<void> }
  | { readonly kind: "timeout" }
  /** The folder does not let us create the lock file. */
  | { readonly kind: "forbidden"; readonly reason: string };

/** Waits for no writer of a pipe, follows no link. */
const READ_AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 1_000;

/** Creates `path.lock`. */
export async function dotlock(path: string, { timeout, staleAfter }: LockOptions): Promise<LockResult> {
  const lockPath = `${path}.lock`;
  const deadline = Date.now() + timeout;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      const file = await open(lockPath, "wx", 0o444);
      try {
        await file.writeFile(`${process.pid}\n`);
      } finally {
        await file.close();
      }
      return { kind: "locked", release: () => unlink(lockPath).catch(() => undefined) };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "EACCES" || code === "EPERM" || code === "EROFS") return { kind: "forbidden", reason: message };
      if (code !== "EEXIST") throw error;
    }
    if (await isStale(lockPath, staleAfter)) {
      await unlink(lockPath).catch(() => undefined);
      continue;
    }
    if (Date.now() + pause > deadline) return { kind: "timeout" };
    await sleep(pause);
  }
}

/** Old enough, and the process that wrote its id into it is gone (or wrote none). */
async function isStale(lockPath: string, staleAfter: number): Promise<boolean> {
  try {
    const status = await lstat(lockPath);
    // Somebody has put something else there, which could keep its reader waiting.
    if (!status.isFile() || Date.now() - status.mtimeMs < staleAfter) return false;
    const pid = Number((await readFile(lockPath, { encoding: "latin1", flag: READ_AT_ONCE })).trim());
    return !(Number.isInteger(pid) && pid > 0 && isAlive(pid));
  } catch {
    // Gone in the meantime: the next try will see.
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
