/**
 * A pool process: does work with users' rights, one user's at a time (batches.ts), and starts programs as users.
 *
 * As root's it takes users' ids on and gives them back; what the server asks for is compared with the terms first, which come
 * from the root helper, not from the server. As an ordinary user's it is the server's right hand for whatever waits for a
 * disk, with the ids that it has. It ends when the server's connection ends, or the helper's.
 */
import type { Socket } from "node:net";
import { systemClock, type Clock } from "../sys/clock.ts";
import { isPromise } from "../sys/maybe-promise.ts";
import { type Account, Accounts, type Unknown } from "./accounts.ts";
import { admit } from "./admission.ts";
import { Batches } from "./batches.ts";
import { type Frame, FrameReader, FrameWriter, splitTask } from "./frames.ts";
import { Identities, type IdCalls, systemIds } from "./identity.ts";
import { MessageOctets } from "./message-octets.ts";
import type { NamedUsers } from "./program-words.ts";
import type { FileLocks, PoolTasks, ProgramIdentity, TaskArgument, TaskResult, TaskUser } from "./task.ts";
import { fromSystemError } from "./task.ts";
import { parseTaskUser, type Terms } from "./terms.ts";

export interface PoolOptions {
  readonly tasks: PoolTasks;
  /** @param asRoot does something with the ids that the process was started with, whosever it has at the moment */
  readonly openLocks: (asRoot: <T>(work: () => T) => T) => FileLocks;
  /**
   * The folder where the process stands, if users may not enter one above it (root tries the server out in /root): mailboxes
   * below are reached by names that begin there.
   */
  readonly folder?: string | undefined;
  /** Absent: an ordinary user's process, which does for its user what it is told. */
  readonly terms?: Terms;
  readonly calls?: IdCalls;
  readonly clock?: Clock;
  /** Instead of ending the process, in tests. */
  readonly end?: (reason: string) => never;
}

const MOST_TASKS = 500;
const INTERRUPTED: TaskResult = { kind: "later", status: "4.3.2", text: "delivery interrupted" };

export class PoolProcess {
  readonly #options: PoolOptions;
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  readonly #reader = new FrameReader();
  readonly #tasks = new Map<number, Incoming>();
  readonly #identities: Identities | undefined;
  readonly #batches: Batches;
  #terms: Terms | undefined;
  #accounts: Accounts | undefined;

  constructor(options: PoolOptions, socket: Socket) {
    const { calls = systemIds, clock = systemClock, terms, end, openLocks } = options;
    this.#options = options;
    this.#socket = socket;
    this.#writer = new FrameWriter(socket);
    if (terms !== undefined) {
      this.#identities = new Identities(calls, end);
      this.setTerms(terms);
    }
    const identities = this.#identities;
    const locks = openLocks((work) => (identities === undefined ? work() : identities.asRoot(work)));
    this.#batches = new Batches({ identities, locks, clock });
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", () => undefined);
  }

  /** Those of a new configuration; only for a process that has begun with terms. */
  setTerms(terms: Terms): void {
    if (this.#identities === undefined) return;
    this.#terms = terms;
    this.#accounts = new Accounts(terms, this.#options.clock, this.#options.calls);
  }

  /** The server has gone: programs end too. */
  abandon(): void {
    for (const task of this.#tasks.values()) giveUp(task);
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.push(chunk)) this.#take(frame);
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : undefined);
    }
  }

  #take({ type, task, payload }: Frame): void {
    if (type === "T") this.#begin(task, payload);
    const incoming = this.#tasks.get(task);
    if (incoming === undefined) return; // answered already: what still comes of it is nobody's
    if (type === "D") this.#collect(task, incoming, payload);
    else if (type === "E") this.#complete(task, incoming);
    else if (type === "X") this.#cancel(task, incoming);
  }

  #begin(id: number, payload: Buffer): void {
    if (this.#tasks.has(id)) throw new Error("pool connection: the same task twice");
    // Each may hold a file; the server has a hundred here at most.
    if (this.#tasks.size >= MOST_TASKS) throw new Error("pool connection: too many tasks");
    const { json, octets } = splitTask(payload);
    const incoming = readTask(json);
    this.#tasks.set(id, incoming);
    this.#collect(id, incoming, octets);
    if (!incoming.more) this.#complete(id, incoming);
  }

  #collect(id: number, incoming: Incoming, octets: Buffer): void {
    try {
      incoming.octets.push(octets);
    } catch (error) {
      this.#answer(id, fromSystemError(error, "message file"));
    }
  }

  #cancel(id: number, incoming: Incoming): void {
    giveUp(incoming);
    // A program says itself what has become of it.
    if (incoming.program === undefined) this.#answer(id, INTERRUPTED);
  }

  /** All octets are there. */
  #complete(id: number, incoming: Incoming): void {
    const { user } = incoming;
    if (this.#accounts === undefined) {
      this.#start(id, incoming, { ...user, home: "", isFixed: true });
      return;
    }
    try {
      const found = this.#accounts.find(user);
      if (!isPromise(found)) this.#identified(id, incoming, found);
      else {
        found.then(
          (account) => this.#identified(id, incoming, account),
          (error: unknown) => this.#answer(id, unasked(error)),
        );
      }
    } catch (error) {
      this.#answer(id, unasked(error));
    }
  }

  #identified(id: number, incoming: Incoming, account: Account | Unknown): void {
    if ("kind" in account) this.#refuse(id, account.reason);
    else if (this.#tasks.has(id)) this.#start(id, incoming, account);
  }

  #start(id: number, incoming: Incoming, account: Account): void {
    const { name, octets } = incoming;
    const task = this.#options.tasks.get(name);
    if (task === undefined) return this.#refuse(id, `unknown task "${name}"`);
    const admission =
      this.#terms === undefined
        ? ({ kind: "admitted", argument: incoming.argument, mayMake: false } as const)
        : admit(this.#terms, account, name, incoming.argument);
    if (admission.kind === "refused") return this.#refuse(id, admission.reason);
    const { argument, mayMake } = admission;
    const answer = (result: TaskResult): void => this.#answer(id, result);
    if (task.kind === "program") {
      const { signal } = (incoming.program = new AbortController());
      if (incoming.isCancelled) giveUp(incoming);
      const begin = (): Promise<TaskResult> => {
        this.#identities?.neutral();
        return task.run(argument, octets, this.#programIdentity(account), signal);
      };
      const named = "named" in admission ? admission.named : undefined;
      const result = named === undefined ? begin() : this.#ifUsers(named, begin);
      result.then(answer, (error: unknown) => answer(fromSystemError(error, name)));
      return;
    }
    const isCancelled = (): boolean => incoming.isCancelled || this.#tasks.get(id) !== incoming;
    const placed = this.#fromFolder(argument);
    const groups = (): readonly number[] => this.#groupsOf(account);
    this.#batches.add({
      name,
      run: task.run,
      user: account,
      groups,
      argument: placed,
      octets,
      mayMake,
      isCancelled,
      answer,
    });
  }

  async #ifUsers(named: NamedUsers, begin: () => Promise<TaskResult>): Promise<TaskResult> {
    const areUsers = await this.#accounts?.areUsers(named);
    return areUsers === true ? begin() : refusal("a program that runs as root is for nobody who is a user here");
  }

  #fromFolder(argument: TaskArgument): TaskArgument {
    const { folder } = this.#options;
    const { path } = argument;
    if (folder === undefined || typeof path !== "string" || !path.startsWith(`${folder}/`)) return argument;
    return { ...argument, path: path.slice(folder.length + 1) };
  }

  #programIdentity(account: Account): ProgramIdentity {
    const { user, uid, gid } = account;
    const isChange = this.#identities !== undefined;
    return { user, uid, gid, groups: isChange ? this.#groupsOf(account) : [gid], isChange };
  }

  #groupsOf(account: Account): readonly number[] {
    return this.#accounts?.groups(account) ?? [account.gid];
  }

  #refuse(id: number, reason: string): void {
    this.#answer(id, refusal(reason));
  }

  #answer(id: number, result: TaskResult): void {
    const incoming = this.#tasks.get(id);
    if (incoming === undefined) return;
    this.#tasks.delete(id);
    incoming.octets.close();
    this.#writer.write("R", id, Buffer.from(JSON.stringify(result), "utf8"));
  }
}

function refusal(reason: string): TaskResult {
  return { kind: "later", status: "4.3.5", text: `refused by the root side: ${reason}` };
}

interface Incoming {
  readonly user: TaskUser;
  readonly name: string;
  readonly argument: TaskArgument;
  readonly octets: MessageOctets;
  readonly more: boolean;
  /** Nobody waits for it any more. */
  isCancelled: boolean;
  /** Of a program that runs. */
  program?: AbortController;
}

function giveUp(incoming: Incoming): void {
  incoming.isCancelled = true;
  incoming.program?.abort();
}

/** @throws when it is no task: the server is not what it was */
function readTask(json: string): Incoming {
  const message = JSON.parse(json) as Readonly<Record<string, unknown>>;
  const { task, argument, more } = message;
  if (typeof task !== "string" || typeof argument !== "object" || argument === null) {
    throw new Error("pool connection: not a task");
  }
  return {
    user: parseTaskUser(message, "task"),
    name: task,
    argument: argument as TaskArgument,
    octets: new MessageOctets(),
    more: more === true,
    isCancelled: false,
  };
}

function unasked(error: unknown): TaskResult {
  return { kind: "later", status: "4.3.0", text: error instanceof Error ? error.message : String(error) };
}
