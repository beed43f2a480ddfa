/**
 * Locks on files that other programs change too: mailboxes in mbox format. The only file that knows how this platform
 * locks.
 *
 * A dotlock (`mailbox.lock`, created exclusively) is what every reader of mailboxes honours. Where the folder does not
 * let us create one, flock(2) by way of flock(1): the lock belongs to the open file, which the helper shares with us.
 * Within this process a queue for each path comes first, so that our own deliveries never poll for each other.
 */
import { spawn } from "node:child_process";
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

/**
 * Takes an exclusive flock(2) on an open file; it lasts until the descriptor is closed.
 * @returns undefined when there is no flock(1) on this machine
 */
export function flock(fd: number, timeout: number): Promise<"locked" | "timeout" | undefined> {
  return new Promise((resolve) => {
    const seconds = String(Math.max(1, Math.ceil(timeout / 1000)));
    const child = spawn("flock", ["-x", "-w", seconds, "3"], { stdio: ["ignore", "ignore", "ignore", fd] });
    child.once("error", () => resolve(undefined));
    child.once("exit", (code) => resolve(code === 0 ? "locked" : code === 1 ? "timeout" : undefined));
  });
}

/** Lets one action at a time work on a path, in the order they came. */
export class PathQueue {
  readonly #tails = new Map<string, Promise<void>>();

  async run<T>(path: string, action: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(path);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tails.set(path, promise);
    try {
      if (before !== undefined) await before;
      return await action();
    } finally {
      if (this.#tails.get(path) === promise) this.#tails.delete(path);
      resolve();
    }
  }
}
