/**
 * Who has been answered, and when: a database that `makemap -u` can list. Its keys are addresses; values are seconds since
 * 1970, or `never` for those that get no answer (`@domain`: nobody there does). The key " interval" holds how many seconds
 * lie between two answers to one address, 0 for ever; without it a week.
 *
 * Read and changed under a lock; written anew as a whole, without those whom enough time has passed for.
 */
import { closeSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type DotLock, takeDotLock } from "../../mailbox/dot-lock.ts";
import { DatabaseBuilder } from "../../maps/build.ts";
import { databasePath, pathToRead, readDatabase } from "../../maps/database-file.ts";
import { foldCase } from "../../rewriting/fold-case.ts";

const INTERVAL = " interval";
const NEVER = "never";
const DAY = 86_400;
const WEEK = 7 * DAY;
/** How long to wait for another one that answers, and between two looks; ms. */
const PATIENCE = 10_000;
const PAUSE = 50;
/** A lock that nobody living holds counts for so long, ms. */
const STALE_AFTER = 60_000;

/** Another program holds the lock. */
export class BusyError extends Error {
  override readonly name = "BusyError";
}

export class Replies {
  readonly #path: string;
  readonly #lock: DotLock;
  readonly #entries: Map<string, string>;

  private constructor(path: string, lock: DotLock, entries: Map<string, string>) {
    this.#path = path;
    this.#lock = lock;
    this.#entries = entries;
  }

  /**
   * @param name with or without `.db`
   * @param isNew begins with nothing
   * @throws BusyError; what the file system says
   */
  static async open(name: string, isNew: boolean): Promise<Replies> {
    const path = databasePath("hash", name);
    const lock = await lockOf(path);
    try {
      return new Replies(path, lock, isNew ? new Map<string, string>() : readEntries(path));
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Lets others go on; what was not saved is lost. */
  close(): void {
    this.#lock.release();
  }

  /** @param days as -r has them: anything that does not begin with a digit, or 0, is for ever */
  setInterval(days: string): void {
    const count = Number.parseInt(days, 10);
    this.#entries.set(INTERVAL, String(/^\d/.test(days) ? count * DAY : 0));
  }

  exclude(address: string): void {
    this.#entries.set(foldCase(address), NEVER);
  }

  answered(address: string, seconds: number): void {
    this.#entries.set(foldCase(address), String(seconds));
  }

  /** @param now seconds since 1970 */
  mayAnswer(address: string, now: number): boolean {
    const key = foldCase(address);
    const at = key.lastIndexOf("@");
    if (at >= 0 && this.#entries.get(key.slice(at)) === NEVER) return false;
    const last = this.#entries.get(key);
    return last === undefined || (last !== NEVER && this.#isOver(last, now));
  }

  #isOver(last: string, now: number): boolean {
    const interval = Number(this.#entries.get(INTERVAL) ?? WEEK);
    return interval > 0 && Number(last) + interval <= now;
  }

  /** Durably. @throws what the file system says */
  save(now: number): void {
    const builder = new DatabaseBuilder("replace");
    for (const [key, value] of this.#entries) {
      if (key === INTERVAL || value === NEVER || !this.#isOver(value, now)) builder.add(key, value);
    }
    builder.write(this.#path, { mode: 0o600 });
  }
}

/** Addresses with the second at which they were answered last; undefined: never to be. */
export function listReplies(name: string): readonly (readonly [string, number | undefined])[] {
  return [...readEntries(databasePath("hash", name))]
    .filter(([key]) => key !== INTERVAL)
    .map(([key, value]) => [key, value === NEVER ? undefined : Number(value)]);
}

function readEntries(path: string): Map<string, string> {
  let fd: number;
  try {
    fd = openSync(pathToRead(path), "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw error;
  }
  try {
    return new Map(readDatabase(fd).entries());
  } finally {
    closeSync(fd);
  }
}

/** What the system says is told by its code, as everywhere. */
function withCode(reason: string): Error {
  const code = /^(E[A-Z]+)\b/.exec(reason)?.[1];
  return Object.assign(new Error(reason), code === undefined ? {} : { code });
}

async function lockOf(path: string): Promise<DotLock> {
  for (const deadline = Date.now() + PATIENCE; ;) {
    const taken = takeDotLock(path, { staleAfter: STALE_AFTER });
    if (taken.kind === "locked") return taken.lock;
    if (taken.kind === "forbidden") throw withCode(taken.reason);
    if (Date.now() >= deadline) throw new BusyError("locked by another vacation");
    await sleep(PAUSE);
  }
}
