/**
 * The tasks that wait in a pool process, by user: all that wait for one user are done between one taking-on of ids and one
 * giving-back, then the next user has a turn. No line of a task runs while the process has another user's ids, because nothing
 * in between waits for anything.
 *
 * Folders with new entries are opened with the user's ids, and synced when all users of a turn are done: where a journal
 * keeps the file system, the first of these syncs is all of them.
 *
 * A task that finds a lock held gives its turn up and is tried again later.
 */
import type { Clock } from "../sys/clock.ts";
import type { Identities, Identity } from "./identity.ts";
import { type FileLocks, type FileTask, fromSystemError, type Octets, type TaskArgument } from "./task.ts";
import type { TaskResult, TaskTools, TaskUser } from "./task.ts";
import { closeSync, constants, fsyncSync, openSync } from "node:fs";

/** A task with all that it needs, waiting for its user's turn. */
export interface ReadyTask {
  readonly name: string;
  readonly run: FileTask;
  readonly user: TaskUser;
  /** All groups of the user. */
  groups(): readonly number[];
  readonly argument: TaskArgument;
  readonly octets: Octets;
  /** TaskTools.asRoot really has root's rights. */
  readonly mayMake: boolean;
  /** Nobody waits for it any more. */
  isCancelled(): boolean;
  answer(result: TaskResult): void;
}

export interface BatchesOptions {
  /** Undefined: the process is an ordinary user's and does everything as that user. */
  readonly identities: Identities | undefined;
  readonly locks: FileLocks;
  readonly clock: Clock;
}

/** How long a locked mailbox is tried; a message can wait for its next turn in the queue. ms */
const PATIENCE = 30_000;
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 1_000;
/** After this much work the event loop has a turn: answers go out, new tasks and cancellations come in. ms */
const TURN = 20;
/** Users that have their work done in one turn at most: each may leave folders open until its end. */
const USERS = 64;

interface Waiting {
  readonly task: ReadyTask;
  /** When a lock was first found held. */
  busySince?: number;
  pause: number;
}

export class Batches {
  readonly #options: BatchesOptions;
  /** In the order in which users have their turns. */
  readonly #users = new Map<string, Waiting[]>();
  #isScheduled = false;

  constructor(options: BatchesOptions) {
    this.#options = options;
  }

  add(task: ReadyTask): void {
    this.#add({ task, pause: FIRST_PAUSE });
  }

  #add(waiting: Waiting): void {
    const { user, uid, gid } = waiting.task.user;
    const key = `${user}\0${uid}\0${gid}`;
    const line = this.#users.get(key);
    if (line === undefined) this.#users.set(key, [waiting]);
    else line.push(waiting);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#users.size === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#turn();
      this.#schedule();
    });
  }

  #turn(): void {
    const end = performance.now() + TURN;
    const batches: Batch[] = [];
    for (const [key, line] of this.#users) {
      this.#users.delete(key);
      const batch = this.#runAll(line);
      if (batch !== undefined) batches.push(batch);
      if (performance.now() > end || batches.length === USERS) break;
    }
    for (const batch of batches) batch.syncFolders();
    for (const batch of batches) batch.answer();
  }

  /** All waiting tasks of one user. */
  #runAll(line: readonly Waiting[]): Batch | undefined {
    const wanted = line.filter(({ task }) => !task.isCancelled());
    if (wanted.length === 0) return undefined;
    const [{ task: first }] = wanted;
    const { user } = first;
    const batch = new Batch(this.#options, user);
    try {
      this.#as(first, () => batch.run(wanted));
    } catch (error) {
      // The ids could not be taken on: nothing was done.
      batch.failAll(wanted, fromSystemError(error, `as user ${user.user}`));
    }
    for (const each of batch.busy) this.#tryLater(each);
    return batch;
  }

  #as(task: ReadyTask, work: () => void): void {
    const { identities } = this.#options;
    if (identities === undefined) return work();
    const { uid, gid } = task.user;
    const identity: Identity = { uid, gid, groups: task.groups() };
    identities.as(identity, work);
  }

  #tryLater(waiting: Waiting): void {
    const { pause } = waiting;
    waiting.pause = Math.min(pause * 2, LONGEST_PAUSE);
    this.#options.clock.after(pause, () => this.#add(waiting));
  }
}

/** Tasks of one user, done one after another. */
class Batch {
  readonly busy: Waiting[] = [];
  readonly #options: BatchesOptions;
  readonly #user: TaskUser;
  readonly #results = new Map<ReadyTask, TaskResult>();
  /** Folders whose entries must be durable before these tasks are called done. */
  readonly #folders = new Map<string, Set<ReadyTask>>();
  /** The same, open. */
  readonly #open: { readonly fd: number; readonly path: string }[] = [];

  constructor(options: BatchesOptions, user: TaskUser) {
    this.#options = options;
    this.#user = user;
  }

  run(line: readonly Waiting[]): void {
    for (const waiting of line) this.#runOne(waiting);
    for (const path of this.#folders.keys()) this.#openFolder(path);
  }

  /** With whatever ids: what is opened needs no rights to be synced. */
  syncFolders(): void {
    for (const { fd, path } of this.#open) {
      try {
        fsyncSync(fd);
      } catch (error) {
        this.#fail(path, error);
      } finally {
        closeSync(fd);
      }
    }
  }

  failAll(line: readonly Waiting[], result: TaskResult): void {
    for (const { task } of line) this.#results.set(task, result);
    this.busy.length = 0;
  }

  answer(): void {
    for (const [task, result] of this.#results) task.answer(result);
  }

  #runOne(waiting: Waiting): void {
    const { task } = waiting;
    const { clock } = this.#options;
    try {
      const result = task.run(task.argument, task.octets, this.#tools(task));
      if (result.kind !== "busy") {
        this.#results.set(task, result);
        return;
      }
      waiting.busySince ??= clock.now();
      if (clock.now() - waiting.busySince < PATIENCE) this.busy.push(waiting);
      else this.#results.set(task, { kind: "later", status: "4.2.0", text: result.text });
    } catch (error) {
      this.#results.set(task, fromSystemError(error, task.name));
    }
  }

  #tools(task: ReadyTask): TaskTools {
    const { identities, locks, clock } = this.#options;
    return {
      locks,
      user: this.#user,
      now: () => clock.now(),
      asRoot: (work) => (identities === undefined || !task.mayMake ? work() : identities.asRoot(work)),
      syncFolder: (path) => {
        const tasks = this.#folders.get(path) ?? new Set();
        this.#folders.set(path, tasks.add(task));
      },
    };
  }

  #openFolder(path: string): void {
    try {
      // Only a folder: a user who puts a FIFO in its place must not hold us.
      this.#open.push({ fd: openSync(path, constants.O_RDONLY | constants.O_DIRECTORY), path });
    } catch (error) {
      this.#fail(path, error);
    }
  }

  #fail(path: string, error: unknown): void {
    for (const task of this.#folders.get(path) ?? []) this.#results.set(task, fromSystemError(error, path));
  }
}
