/** The server's connection to one pool process: tasks out, results in, each by its number. */
import type { Socket } from "node:net";
import { onAbort } from "../sys/abort-watch.ts";
import { drained, FrameReader, FrameWriter, joinTask } from "./frames.ts";
import { fileFactsOf, octetsOf, type TaskArgument, type TaskInput, type TaskResult, type TaskUser } from "./task.ts";

/** A task that somebody waits for. */
export interface Request {
  readonly id: number;
  readonly who: TaskUser;
  readonly task: string;
  readonly argument: TaskArgument;
  readonly input: TaskInput;
  readonly signal: AbortSignal;
  answer(result: TaskResult): void;
}

/** Octets up to which an input goes with its task; a longer one follows piece by piece. */
const AT_ONCE = 256 * 1024;
/** File tasks with which a process has enough to do, and how long one that has any may say nothing, ms; one that just begins. */
const MANY = 32;
const SILENCE = 100;
const BEGINNING = 2_000;
/** Who has tasks and says nothing for so long does not work on them but waits, for a disk or a file server; ms. */
const HANGING = 2_000;
/** A cancelled task is waited for this long, ms. */
const GRACE = 5_000;

const ENDED: TaskResult = { kind: "later", status: "4.3.0", text: "the pool process has ended" };
const UNANSWERED: TaskResult = { kind: "later", status: "4.3.2", text: "the pool process does not answer" };

export class PoolConnection {
  /** Tasks that it has, counted by who hands them out. */
  readonly load = { files: 0, programs: 0 };
  readonly #socket: Socket;
  readonly #now: () => number;
  readonly #writer: FrameWriter;
  readonly #reader = new FrameReader();
  readonly #tasks = new Map<number, (result: TaskResult) => void>();
  #idleTimer: NodeJS.Timeout | undefined;
  #idle: number | undefined;
  #isEnded = false;
  #isClosed = false;
  #answers = 0;
  /** When it last answered, or got a file task after it had had none. */
  #heard = 0;

  /** @param now ms; only differences count */
  constructor(socket: Socket, now: () => number) {
    this.#socket = socket;
    this.#now = now;
    this.#writer = new FrameWriter(socket);
  }

  /**
   * @param idle how long it is kept without work, ms; undefined: as long as it lives
   * @param onEnd called once, when the process is gone, with whether it was this side that closed the connection
   */
  begin(idle: number | undefined, onEnd: (isOurs: boolean) => void): void {
    this.#idle = idle;
    const socket = this.#socket;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", () => undefined);
    socket.once("close", () => {
      this.#isEnded = true;
      clearTimeout(this.#idleTimer);
      onEnd(this.#isClosed);
      for (const id of this.#tasks.keys()) this.#settle(id, ENDED);
    });
    socket.on("end", () => socket.destroy());
    this.#rest();
  }

  /** Whether it has ever answered: one that ends before is no better than one that cannot be started. */
  get hasAnswered(): boolean {
    return this.#answers > 0;
  }

  /** Whether it has more file tasks than it gets done. */
  get isBehind(): boolean {
    return this.load.files >= MANY || this.isSilentFor(SILENCE);
  }

  /** Whether it has file tasks and has said nothing for so many ms, or for as long as it may need to begin. */
  isSilentFor(ms: number): boolean {
    return this.load.files > 0 && this.#now() - this.#heard > (this.hasAnswered ? ms : BEGINNING);
  }

  /** Whether it gets nothing done at all. */
  get isHanging(): boolean {
    return this.load.files > 0 && this.#now() - this.#heard > HANGING;
  }

  /** Never rejects. */
  async run(request: Request): Promise<TaskResult> {
    const { id, signal } = request;
    if (this.#isEnded) return ENDED;
    clearTimeout(this.#idleTimer);
    this.#socket.ref();
    if (request.task !== "program" && this.load.files <= 1) this.#heard = this.#now();
    const { promise, resolve } = Promise.withResolvers<TaskResult>();
    this.#tasks.set(id, resolve);
    let grace: NodeJS.Timeout | undefined;
    const abort = (): void => {
      this.#writer.write("X", id);
      grace = setTimeout(() => this.#settle(id, UNANSWERED), GRACE);
    };
    const forget = onAbort(signal, abort);
    this.#send(request).catch((error: unknown) => {
      // Half a message must not be taken for a whole one.
      this.#writer.write("X", id);
      const text = error instanceof Error ? error.message : String(error);
      this.#settle(id, { kind: "later", status: "4.3.0", text });
    });
    try {
      return await promise;
    } finally {
      clearTimeout(grace);
      forget();
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#idleTimer);
    this.#socket.destroy();
  }

  async #send({ id, who, task, argument, input }: Request): Promise<void> {
    const isShort = typeof input !== "function" && input.reduce((sum, each) => sum + each.length, 0) <= AT_ONCE;
    this.#writer.write("T", id, joinTask({ ...who, task, argument, more: !isShort }), ...(isShort ? input : []));
    if (isShort) return;
    for await (const chunk of octetsOf(input)) {
      for (let at = 0; at < chunk.length; at += AT_ONCE) {
        if (!this.#tasks.has(id)) return;
        this.#writer.write("D", id, chunk.subarray(at, at + AT_ONCE));
        this.#writer.flush();
        if (this.#socket.writableNeedDrain) await drained(this.#socket);
      }
    }
    this.#writer.write("E", id);
  }

  #receive(chunk: Buffer): void {
    this.#heard = this.#now();
    try {
      for (const { type, task, payload } of this.#reader.push(chunk)) {
        if (type !== "R") continue;
        this.#answers++;
        this.#settle(task, parseResult(payload));
      }
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : undefined);
    }
  }

  #settle(id: number, result: TaskResult): void {
    const answer = this.#tasks.get(id);
    if (answer === undefined) return;
    this.#tasks.delete(id);
    if (this.#tasks.size === 0) this.#rest();
    answer(result);
  }

  /** Nothing to do: it does not keep the server running, and may be one too many. */
  #rest(): void {
    if (this.#isEnded) return;
    this.#socket.unref();
    if (this.#idle === undefined) return;
    this.#idleTimer = setTimeout(() => this.close(), this.#idle);
    this.#idleTimer.unref();
  }
}

const KINDS: ReadonlySet<unknown> = new Set(["done", "later", "never"]);

/** The process has worked with octets of strangers: what it says is checked. */
function parseResult(payload: Buffer): TaskResult {
  const value = JSON.parse(payload.toString("utf8")) as Partial<TaskResult>;
  const { kind, status, text, exit, output, file } = value;
  if (kind === undefined || !KINDS.has(kind) || typeof status !== "string" || typeof text !== "string") {
    throw new Error("pool connection: not a result");
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
