/**
 * The processes behind privileges: what `rulemail --worker` runs. Loaded only there.
 *
 * The helper keeps root's rights and does one thing: on request it starts a worker that becomes one user, and hands the
 * connection to it back to the server. A worker carries out one task after another and ends when its connection does.
 *
 * Both stand in the server's home folder. Where users may not enter a folder above it (root tried it out in /root), a
 * worker reaches mailboxes from there; else it stands in `/`, as a worker that needs nothing should.
 */
import { spawn, type SendHandle } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { Socket } from "node:net";
import { becomeUser } from "./privileges.ts";
import { runTask, type TaskArgument, type TaskResult, type TaskTable, type WorkerRights } from "./task.ts";
import { drained, type Frame, FrameReader, writeFrame } from "./worker-frames.ts";

/** What the server asks the helper for. */
export interface WorkerRequest {
  readonly id: number;
  readonly rights: WorkerRights;
}

/** File descriptor of a worker's connection. */
const CONNECTION = 3;

/**
 * Entry of the hidden personality.
 * @param argv `users`, or `task UID GID USER`
 * @param command how to start this personality again: node, script, `--worker`
 */
export async function runWorkerPersonality(
  argv: readonly string[],
  command: readonly string[],
  tasks: TaskTable,
): Promise<void> {
  const [role, uid, gid, user] = argv;
  if (role === "users") return runHelper(command);
  if (role !== "task") throw new Error(`--worker: no role "${role ?? ""}"`);
  const home = process.cwd();
  becomeUser({ uid: Number(uid), gid: Number(gid), user });
  process.umask(0o077);
  const isReached = mayEnter(home);
  if (isReached) process.chdir("/");
  await runWorker(
    new Socket({ fd: CONNECTION, readable: true, writable: true }),
    isReached ? tasks : fromFolder(tasks, home),
  );
}

function mayEnter(folder: string): boolean {
  try {
    accessSync(folder, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Mailboxes below the folder where the process stands, by names that do not lead through those above it. */
function fromFolder(tasks: TaskTable, folder: string): TaskTable {
  const result = new Map(tasks);
  for (const name of ["maildir", "mbox", "mh"]) {
    const task = tasks.get(name);
    if (task === undefined) continue;
    result.set(name, ({ path, ...argument }, input, signal) => {
      const isBelow = typeof path === "string" && path.startsWith(`${folder}/`);
      return task({ ...argument, path: isBelow ? path.slice(folder.length + 1) : path }, input, signal);
    });
  }
  return result;
}

/** Starts workers until the server goes away. */
function runHelper(command: readonly string[]): Promise<void> {
  // The server is told to end by signal, and ends the helper by going away.
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => undefined);
  return new Promise((resolve) => {
    process.on("message", (message) => startWorker(command, message as WorkerRequest));
    process.once("disconnect", () => resolve());
  });
}

function startWorker([program, ...rest]: readonly string[], { id, rights }: WorkerRequest): void {
  const { uid, gid, user } = rights;
  if (!isId(uid) || !isId(gid) || typeof user !== "string" || (uid === 0 && process.getuid?.() === 0)) {
    return reply({ id, error: "refusing to work as root" });
  }
  const child = spawn(program, [...rest, "task", String(uid), String(gid), user], {
    env: { PATH: "/usr/bin:/bin", ...(process.env.TZ === undefined ? {} : { TZ: process.env.TZ }) },
    stdio: ["ignore", "ignore", "inherit", "pipe"],
  });
  child.once("error", (error) => reply({ id, error: error.message }));
  child.once("spawn", () => reply({ id }, child.stdio[CONNECTION] as unknown as Socket));
}

function isId(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32 - 1;
}

function reply(message: { readonly id: number; readonly error?: string }, handle?: SendHandle): void {
  // A server that has just gone cannot be told; the disconnect ends this process.
  process.send?.(message, handle, undefined, () => undefined);
}

/** Carries out tasks from one connection until it ends. */
function runWorker(socket: Socket, tasks: TaskTable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const reader = new FrameReader();
  let current: RunningTask | undefined;
  const take = (frame: Frame) => {
    if (frame.type === "T") current = new RunningTask(socket, tasks, frame.payload);
    else current?.input(frame);
  };
  socket.on("data", (chunk: Buffer) => {
    try {
      reader.push(chunk).forEach(take);
    } catch {
      socket.destroy();
    }
  });
  socket.on("error", () => undefined);
  socket.on("end", () => socket.end());
  socket.on("close", () => {
    current?.abort();
    resolve();
  });
  return promise;
}

interface TaskMessage {
  readonly task: string;
  readonly argument: TaskArgument;
}

/** One task with its input, which comes while it runs. */
class RunningTask {
  readonly #socket: Socket;
  readonly #abort = new AbortController();
  #chunks: Buffer[] = [];
  #ended = false;
  #broken = false;
  /** The task does not want more. */
  #over = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket, tasks: TaskTable, payload: Buffer) {
    this.#socket = socket;
    const { task, argument } = JSON.parse(payload.toString("utf8")) as TaskMessage;
    void this.#run(tasks, task, argument);
  }

  input({ type, payload }: Frame): void {
    if (type === "D" && !this.#over) {
      this.#chunks.push(payload);
      this.#socket.pause();
    } else if (type === "E") this.#ended = true;
    else if (type === "X") {
      this.#broken = true;
      this.#abort.abort();
    }
    this.#wake?.();
  }

  abort(): void {
    this.#broken = true;
    this.#abort.abort();
    this.#wake?.();
  }

  async #run(tasks: TaskTable, task: string, argument: TaskArgument): Promise<void> {
    const result: TaskResult = await runTask(tasks, task, argument, () => this.#octets(), this.#abort.signal);
    this.#over = true;
    this.#chunks = [];
    this.#socket.resume();
    if (this.#socket.destroyed) return;
    writeFrame(this.#socket, "R", Buffer.from(JSON.stringify(result)));
    await drained(this.#socket);
  }

  async *#octets(): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (this.#broken) throw new Error("delivery interrupted");
      if (chunk !== undefined) yield chunk;
      else if (this.#ended) return;
      else {
        this.#socket.resume();
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }
}
