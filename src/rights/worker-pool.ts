/**
 * The server's side of the workers: one process for each user that has work, kept while there may be more, several for
 * a user with much work at once. Needs the root helper, which is started before the server gives up root's rights.
 */
import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import { fileFactsOf, octetsOf, type TaskArgument, type TaskInput, type TaskResult, type UserWorkers } from "./task.ts";
import type { WorkerRights } from "./task.ts";
import { drained, FrameReader, writeFrame } from "./worker-frames.ts";
import type { WorkerRequest } from "./worker-process.ts";

export interface WorkerPoolOptions {
  /** Workers of one user at the same time. */
  readonly perUser?: number;
  /** Workers of all users. */
  readonly total?: number;
  /** How long an idle worker is kept, ms. */
  readonly idle?: number;
}

/** A worker that does not end after being asked to gives up its connection, ms. */
const GRACE = 5_000;
/** Starting a process takes long on a busy machine, but not that long, ms. */
const START_TIMEOUT = 60_000;

/** The process that keeps root's rights. Start it first of all. */
export class RootHelper {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<Socket>>();
  #counter = 0;

  /**
   * @param command how to start the hidden personality: node, script, `--worker`
   * @param folder where the processes stand (worker-process.ts)
   */
  constructor([program, script, ...rest]: readonly string[], folder = "/") {
    this.#child = fork(script, [...rest, "users"], {
      cwd: folder,
      execPath: program,
      execArgv: [],
      stdio: "inherit",
      serialization: "json",
    });
    this.#child.on("message", (message, handle) =>
      this.#answer(message as { id: number; error?: string }, handle as Socket),
    );
    this.#child.on("error", (error) => this.#fail(error.message));
    this.#child.on("exit", () => this.#fail("the root helper has ended"));
    // The helper alone does not keep the server running.
    this.#child.unref();
    this.#child.channel?.unref();
  }

  /** A connection to a new worker that is this user. */
  start(rights: WorkerRights): Promise<Socket> {
    const waiting = Promise.withResolvers<Socket>();
    const id = this.#counter++;
    if (!this.#child.connected) return Promise.reject(new Error("the root helper has ended"));
    this.#waiting.set(id, waiting);
    this.#child.channel?.ref();
    const timer = setTimeout(() => this.#settle(id, new Error("the root helper does not answer")), START_TIMEOUT);
    const request: WorkerRequest = { id, rights };
    this.#child.send(request, (error) => {
      if (error !== null) this.#settle(id, error);
    });
    return waiting.promise.finally(() => clearTimeout(timer));
  }

  close(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  #answer({ id, error }: { readonly id: number; readonly error?: string }, handle: Socket | undefined): void {
    if (handle === undefined) this.#settle(id, new Error(error ?? "no connection to the worker"));
    else if (!this.#settle(id, handle)) handle.destroy();
  }

  #settle(id: number, outcome: Error | Socket): boolean {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return false;
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#child.channel?.unref();
    if (outcome instanceof Error) waiting.reject(outcome);
    else waiting.resolve(outcome);
    return true;
  }

  #fail(reason: string): void {
    for (const id of this.#waiting.keys()) this.#settle(id, new Error(reason));
  }
}

/** Tasks in worker processes. */
export class WorkerPool implements UserWorkers {
  readonly #helper: RootHelper;
  readonly #perUser: number;
  readonly #total: number;
  readonly #idleTime: number;
  /** Users who share a uid have groups of their own, and with them workers of their own. */
  readonly #users = new Map<string, UserQueue>();
  readonly #workers = new Set<Worker>();
  #count = 0;
  #closed = false;

  constructor(helper: RootHelper, { perUser = 4, total = 64, idle = 60_000 }: WorkerPoolOptions = {}) {
    this.#helper = helper;
    this.#perUser = perUser;
    this.#total = total;
    this.#idleTime = idle;
  }

  async run(
    rights: WorkerRights,
    task: string,
    argument: TaskArgument,
    input: TaskInput,
    signal: AbortSignal,
  ): Promise<TaskResult> {
    let worker: Worker | undefined;
    try {
      worker = await this.#take(rights, signal);
      if (signal.aborted) return { kind: "later", status: "4.3.2", text: "delivery interrupted" };
      return await worker.run(task, argument, input, signal);
    } catch (error) {
      worker?.close();
      const reason = error instanceof Error ? error.message : String(error);
      return { kind: "later", status: "4.3.0", text: reason };
    } finally {
      if (worker !== undefined) this.#giveBack(rights, worker);
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const worker of this.#workers) worker.close();
    this.#helper.close();
    return Promise.resolve();
  }

  async #take(rights: WorkerRights, signal: AbortSignal): Promise<Worker> {
    const user = this.#userOf(rights);
    for (;;) {
      if (this.#closed || signal.aborted) throw new Error("delivery interrupted");
      const idle = user.idle.pop();
      if (idle !== undefined && !idle.isOpen) continue;
      if (idle !== undefined) return idle;
      if (user.running < this.#perUser && this.#makeRoom()) return this.#start(rights, user);
      await turn(user, signal);
    }
  }

  async #start(rights: WorkerRights, user: UserQueue): Promise<Worker> {
    user.running++;
    this.#count++;
    try {
      const socket = await this.#helper.start(rights);
      const worker: Worker = new Worker(socket, this.#idleTime, () => this.#ended(rights, user, worker));
      this.#workers.add(worker);
      return worker;
    } catch (error) {
      this.#ended(rights, user);
      throw error;
    }
  }

  /** At the limit, an idle worker of another user makes room. */
  #makeRoom(): boolean {
    if (this.#count < this.#total) return true;
    for (const { idle } of this.#users.values()) {
      const victim = idle.shift();
      if (victim === undefined) continue;
      victim.close();
      return true;
    }
    return false;
  }

  #giveBack(rights: WorkerRights, worker: Worker): void {
    const user = this.#userOf(rights);
    if (worker.isOpen && !this.#closed) {
      user.idle.push(worker);
      worker.rest();
    } else worker.close();
    this.#wake(user);
  }

  #ended(rights: WorkerRights, user: UserQueue, worker?: Worker): void {
    user.running--;
    this.#count--;
    if (worker !== undefined) this.#workers.delete(worker);
    const at = worker === undefined ? -1 : user.idle.indexOf(worker);
    if (at >= 0) user.idle.splice(at, 1);
    this.#wake(user);
    if (user.running === 0 && user.waiting.length === 0 && this.#users.get(keyOf(rights)) === user)
      this.#users.delete(keyOf(rights));
  }

  /** Somebody of this user, else of any: the place that became free may be what others wait for. */
  #wake(user: UserQueue): void {
    const next =
      user.waiting.shift() ?? [...this.#users.values()].find(({ waiting }) => waiting.length > 0)?.waiting.shift();
    next?.();
  }

  #userOf(rights: WorkerRights): UserQueue {
    const key = keyOf(rights);
    let user = this.#users.get(key);
    if (user === undefined) this.#users.set(key, (user = { idle: [], waiting: [], running: 0 }));
    return user;
  }
}

function keyOf({ uid, gid, user }: WorkerRights): string {
  return `${uid}:${gid}:${user}`;
}

/** Waits until something may have become free, or nobody waits any more. */
function turn({ waiting }: UserQueue, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      signal.removeEventListener("abort", abort);
      resolve();
    };
    const abort = () => {
      // A place in the line that nobody stands on would swallow the next call.
      const at = waiting.indexOf(wake);
      if (at >= 0) waiting.splice(at, 1);
      resolve();
    };
    waiting.push(wake);
    signal.addEventListener("abort", abort, { once: true });
  });
}

interface UserQueue {
  readonly idle: Worker[];
  readonly waiting: (() => void)[];
  running: number;
}

/** One worker process, seen from the server. */
class Worker {
  readonly #socket: Socket;
  readonly #idleTime: number;
  readonly #reader = new FrameReader();
  #result: PromiseWithResolvers<TaskResult> | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, idleTime: number, onEnd: () => void) {
    this.#socket = socket;
    this.#idleTime = idleTime;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", () => undefined);
    socket.once("close", () => {
      clearTimeout(this.#idleTimer);
      this.#result?.reject(new Error("the worker process has ended"));
      onEnd();
    });
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  async run(task: string, argument: TaskArgument, input: TaskInput, signal: AbortSignal): Promise<TaskResult> {
    clearTimeout(this.#idleTimer);
    this.#socket.ref();
    const result = Promise.withResolvers<TaskResult>();
    this.#result = result;
    let grace: NodeJS.Timeout | undefined;
    const abort = () => {
      writeFrame(this.#socket, "X");
      grace = setTimeout(() => this.close(), GRACE);
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      writeFrame(this.#socket, "T", Buffer.from(JSON.stringify({ task, argument })));
      const [answer] = await Promise.all([result.promise, this.#send(input, result.promise)]);
      return answer;
    } finally {
      this.#result = undefined;
      clearTimeout(grace);
      signal.removeEventListener("abort", abort);
    }
  }

  /** Nothing to do: wait a while for more. */
  rest(): void {
    this.#socket.unref();
    this.#idleTimer = setTimeout(() => this.close(), this.#idleTime);
    this.#idleTimer.unref();
  }

  close(): void {
    clearTimeout(this.#idleTimer);
    this.#socket.destroy();
  }

  async #send(input: TaskInput, result: Promise<TaskResult>): Promise<void> {
    let over = false;
    const stop = () => (over = true);
    result.then(stop, stop);
    try {
      for await (const chunk of octetsOf(input)) {
        if (over || this.#socket.destroyed) break;
        if (!writeFrame(this.#socket, "D", chunk))
          await Promise.race([drained(this.#socket), result.catch(() => undefined)]);
      }
    } catch (error) {
      // Half a message must not be taken for a whole one.
      writeFrame(this.#socket, "X");
      throw error;
    }
    writeFrame(this.#socket, "E");
  }

  #receive(chunk: Buffer): void {
    try {
      for (const { type, payload } of this.#reader.push(chunk)) {
        if (type === "R") this.#result?.resolve(parseResult(payload));
      }
    } catch (error) {
      this.#result?.reject(error instanceof Error ? error : new Error(String(error)));
      this.close();
    }
  }
}

const KINDS = new Set(["done", "later", "never"]);

/** A worker runs with rights of a user: what it says is checked. */
function parseResult(payload: Buffer): TaskResult {
  const value = JSON.parse(payload.toString("utf8")) as Partial<TaskResult>;
  const { kind, status, text, exit, output, file } = value;
  if (kind === undefined || !KINDS.has(kind) || typeof status !== "string" || typeof text !== "string") {
    throw new Error("worker connection: not a result");
  }
  return {
    kind,
    status,
    text,
    ...(typeof exit === "number" ? { exit } : {}),
    ...(typeof output === "string" ? { output } : {}),
    ...fileFactsOf(file),
  };
}
