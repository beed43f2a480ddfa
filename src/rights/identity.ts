/**
 * The only file of the program that changes the ids of a process.
 *
 * Two ways: for good (`becomeForGood`: the server after its start), and for a while (`Identities`: a pool process, which is
 * root, takes a user's effective ids on, works, and gives them back). Both look afterwards whether it is so. Whoever cannot
 * give ids back must not live on: with whose rights its next task would run nobody knows.
 *
 * Order: group and groups first, while the effective uid is still root's; back in one step, the uid. The group ids of the
 * last user stay until the next one comes or `neutral()` is called: with uid 0 they give nothing away. A call that changes
 * ids signals every thread of the process and waits for each; so what the system says to be as wanted is not set again:
 * one user without further groups after another costs three such calls.
 */
import { writeSync } from "node:fs";
import type { TaskUser } from "./task.ts";

/** What the system offers; replaced in tests, where calls fail or lie. */
export interface IdCalls {
  getuid(): number;
  geteuid(): number;
  getegid(): number;
  getgroups(): readonly number[];
  setgroups(groups: readonly number[]): void;
  initgroups(user: string, gid: number): void;
  setegid(gid: number): void;
  seteuid(uid: number): void;
  setgid(gid: number): void;
  setuid(uid: number): void;
}

/** Of this process. */
export const systemIds: IdCalls = {
  getuid: () => known(process.getuid)(),
  geteuid: () => known(process.geteuid)(),
  getegid: () => known(process.getegid)(),
  getgroups: () => known(process.getgroups)(),
  setgroups: (groups) => known(process.setgroups)(groups),
  // In Node since 0.9, but missing in its types.
  initgroups: (user, gid) =>
    known((process as { initgroups?: (user: string, gid: number) => void }).initgroups)(user, gid),
  setegid: (gid) => known(process.setegid)(gid),
  seteuid: (uid) => known(process.seteuid)(uid),
  setgid: (gid) => known(process.setgid)(gid),
  setuid: (uid) => known(process.setuid)(uid),
};

function known<T extends (...words: never[]) => unknown>(call: T | undefined): T {
  if (call === undefined) throw new Error("this system has no user ids");
  // Some of Node's own need `process` as this.
  return call.bind(process) as T;
}

/** A user with all groups. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** Giving root up, or getting it back, has failed half-way: the process must end, and does (`end`). */
class StrandedError extends Error {
  override name = "StrandedError";
}

/** Ends the process where it stands: nothing that catches errors may go on with ids that nobody knows. */
function endAtOnce(reason: string): never {
  try {
    writeSync(2, `rulemail: ${reason}\n`);
  } catch {
    // Nobody reads it.
  }
  process.kill(process.pid, "SIGKILL");
  throw new StrandedError(reason);
}

/**
 * Gives up all rights but those of one user, for good: supplementary groups, group, user, in this order, because each step
 * needs the rights that the next one takes away. Does nothing when this process already is that user and is not root.
 * @throws when the system refuses, or when root could be had back; the process must end then
 */
export function becomeForGood(user: TaskUser, calls: IdCalls = systemIds): void {
  if (calls.getuid() !== 0) {
    if (calls.getuid() === user.uid) return;
    throw new Error(`cannot become uid ${user.uid}: not started as root`);
  }
  if (user.uid === 0) throw new Error("uid 0 is root: nothing would be given up");
  const groups = groupsOf(user, calls);
  calls.setgroups(groups);
  calls.setgid(user.gid);
  calls.setuid(user.uid);
  const isIt = calls.getuid() === user.uid && calls.geteuid() === user.uid && calls.getegid() === user.gid;
  if (!isIt || !sameGroups(calls.getgroups(), groups)) throw new StrandedError(`did not become uid ${user.uid}`);
  if (canBecomeRoot(calls)) throw new StrandedError(`uid ${user.uid} can become root again`);
}

function canBecomeRoot(calls: IdCalls): boolean {
  try {
    calls.setuid(0);
    return true;
  } catch {
    return false;
  }
}

/**
 * The groups of a user as the system knows them, the own one first, found by taking them on: Node cannot ask. Needs root, and
 * leaves the process without supplementary groups. A name that the system does not know has its own group only.
 */
export function groupsOf({ user, gid }: TaskUser, calls: IdCalls = systemIds): readonly number[] {
  const before = calls.getegid();
  try {
    // Node adds the effective group to the list: it must not be root's.
    calls.setegid(gid);
    calls.initgroups(user, gid);
    return [...new Set([gid, ...calls.getgroups()])];
  } catch {
    return [gid];
  } finally {
    calls.setgroups([]);
    calls.setegid(before);
  }
}

/** A process that is root and takes on the effective ids of users, one after another. */
export class Identities {
  readonly #calls: IdCalls;
  readonly #end: (reason: string) => never;
  readonly #gid: number;
  #current: Identity | undefined;

  /** @throws when the process is not root */
  constructor(calls: IdCalls = systemIds, end: (reason: string) => never = endAtOnce) {
    this.#calls = calls;
    this.#end = end;
    if (calls.getuid() !== 0 || calls.geteuid() !== 0) throw new Error("not started as root");
    this.#gid = calls.getegid();
    calls.setgroups([]);
  }

  /**
   * Runs this with the effective ids of a user.
   * @throws what `work` throws, or that the ids could not be taken on; `work` has not begun then
   */
  as<T>(who: Identity, work: () => T): T {
    if (this.#current !== undefined) this.#end("a task began within another");
    this.#takeOn(who);
    this.#current = who;
    try {
      return work();
    } finally {
      this.#giveBack();
      this.#current = undefined;
    }
  }

  /** In the middle of `as`: runs this with root's uid. The group ids stay the user's. */
  asRoot<T>(work: () => T): T {
    const who = this.#current;
    if (who === undefined) return work();
    this.#giveBack();
    try {
      return work();
    } finally {
      try {
        this.#takeOn(who);
      } catch (error) {
        // The task would go on as root.
        this.#end((error as Error).message);
      }
    }
  }

  /** Takes the last user's group ids away too: before anything is done that is nobody's. */
  neutral(): void {
    this.#calls.setegid(this.#gid);
    this.#calls.setgroups([]);
  }

  #takeOn({ uid, gid, groups }: Identity): void {
    const calls = this.#calls;
    try {
      if (calls.getegid() !== gid) calls.setegid(gid);
      // The effective group counts wherever groups are asked for, and need not be among them.
      if (!sameGroups([gid, ...calls.getgroups()], groups)) calls.setgroups(groups.filter((each) => each !== gid));
      calls.seteuid(uid);
    } catch (error) {
      this.#giveBack();
      throw error;
    }
    const isIt = calls.geteuid() === uid && calls.getegid() === gid && sameGroups([gid, ...calls.getgroups()], groups);
    if (isIt) return;
    this.#giveBack();
    throw new Error(`did not take on uid ${uid}`);
  }

  #giveBack(): void {
    try {
      this.#calls.seteuid(0);
    } catch (error) {
      this.#end(`cannot give ids back: ${(error as Error).message}`);
    }
    if (this.#calls.geteuid() !== 0) this.#end("did not give ids back");
  }
}

/** In any order, each once or more often; Node has added the effective group, which is among a user's groups here. */
function sameGroups(found: readonly number[], wanted: readonly number[]): boolean {
  return found.every((each) => wanted.includes(each)) && wanted.every((each) => found.includes(each));
}
