/**
 * The server's side of the pool: who waits for work with a user's rights, and which process does it.
 *
 * Users have turns; the tasks of one user that wait go to one process together, and to the same one while it has others of that
 * user, so that it takes the ids on once and never waits for itself at a lock. A process has a few tasks at a time, the rest
 * waits here, where it costs nothing and can be cancelled. A process that ends answers for its tasks "later"; those that have
 * not been sent wait for the next one.
 *
 * One process does all of it while it keeps up, because more tasks at once are fewer changes of ids and syncs, and a process is
 * memory. Another one helps soon when it says nothing, and where there is more to do than it gets done, when that has gone on
 * for a while. Further ones would be memory and little more speed: they are for when none of these gets anything done (a disk
 * or a file server that hangs).
 */
import { onAbort } from "../sys/abort-watch.ts";
import { PoolConnection, type Request } from "./pool-connection.ts";
import type { PoolSource } from "./pool-source.ts";
import type { TaskArgument, TaskInput, TaskResult, TaskUser, UserWorkers } from "./task.ts";

export interface PoolClientOptions {
  /** Processes that are kept, those that there are while these are behind, and while all of these hang or run programs. */
  readonly kept?: number;
  readonly processes?: number;
  readonly mostProcesses?: number;
  /** How long a process more than those is kept without work, and any of an ordinary user's; ms. */
  readonly idle?: number;
  /** ms; only differences count. */
  readonly now?: () => number;
  /** Told of a process that ended by itself, or was ended by somebody else. */
  readonly warn?: (text: string) => void;
}

/** File tasks that a process has at a time, and how many of one user are sent together. */
const WINDOW = 64;
const TOGETHER = 32;
/** Programs that a process has running at a time: they wait, it does not. */
const PROGRAMS = 32;
const IDLE = 60_000;
/** How often somebody who waits for room looks whether others hang, ms. */
const LOOK = 250;
/** A process that has so many programs running is busy: the next one is started by another process. */
const MANY_PROGRAMS = 4;
/** One that says nothing for so long gets help, ms: much longer than another one needs to begin. */
const SILENT = 1_000;
/** One that answers, and has more to do than it gets done for so long, gets help too, ms. */
const BUSY = 10_000;
/** Before another try to start a process, ms; after so many that ended without an answer nobody waits for the next. */
const PAUSE = 1_000;
const MOST_FAILURES = 3;

const INTERRUPTED: TaskResult = { kind: "later", status: "4.3.2", text: "delivery interrupted" };

/** What waits for one user. */
class Line {
  readonly waiting: Request[] = [];
  connection: PoolConnection | undefined;
  /** Tasks that the connection has. */
  sent = 0;
}

export class PoolClient implements UserWorkers {
  readonly #source: PoolSource;
  readonly #kept: number;
  readonly #processes: number;
  readonly #most: number;
  readonly #idle: number;
  readonly #now: () => number;
  readonly #warn: (text: string) => void;
  readonly #connections: PoolConnection[] = [];
  /** In the order of their turns: only lines with something waiting are looked at. */
  readonly #files = new Map<string, Line>();
  readonly #programs = new Map<string, Line>();
  #starting = 0;
  #isScheduled = false;
  #isClosed = false;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #look: NodeJS.Timeout | undefined;
  #counter = 0;
  /** Since when every process has more file tasks than it gets done; ms. */
  #behindSince: number | undefined;

  constructor(source: PoolSource, options: PoolClientOptions = {}) {
    const { kept = 1, processes = 2, mostProcesses = 4, idle = IDLE } = options;
    const { now = () => performance.now(), warn = () => undefined } = options;
    this.#source = source;
    this.#kept = kept;
    this.#processes = processes;
    this.#most = mostProcesses;
    this.#idle = idle;
    this.#now = now;
    this.#warn = warn;
  }

  run(who: TaskUser, task: string, argument: TaskArgument, input: TaskInput, signal: AbortSignal): Promise<TaskResult> {
    if (this.#isClosed || signal.aborted) return Promise.resolve(INTERRUPTED);
    return new Promise((resolve) => {
      const request: Request = {
        id: (this.#counter = (this.#counter + 1) >>> 0),
        who: { user: who.user, uid: who.uid, gid: who.gid },
        task,
        argument,
        input,
        signal,
        answer: (result) => {
          forget();
          resolve(result);
        },
      };
      const lines = task === "program" ? this.#programs : this.#files;
      const key = `${who.user}\0${who.uid}\0${who.gid}`;
      let line = lines.get(key);
      if (line === undefined) lines.set(key, (line = new Line()));
      line.waiting.push(request);
      const forget = onAbort(signal, () => this.#withdraw(line, request));
      this.#schedule();
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#look);
    this.#answerWaiting(INTERRUPTED);
    for (const each of this.#connections) each.close();
    this.#source.close();
    return Promise.resolve();
  }

  /** One that was sent is cancelled by its connection. */
  #withdraw(line: Line, request: Request): void {
    const at = line.waiting.indexOf(request);
    if (at < 0) return;
    line.waiting.splice(at, 1);
    request.answer(INTERRUPTED);
  }

  #answerWaiting(result: TaskResult): void {
    for (const lines of [this.#files, this.#programs]) {
      for (const { waiting } of lines.values()) {
        for (const each of waiting.splice(0)) each.answer(result);
      }
    }
  }

  /** What comes in one turn of the event loop is handed out together. */
  #schedule(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.#isClosed) this.#handOut();
    });
  }

  #handOut(): void {
    const files = this.#serve(this.#files, WINDOW, "files");
    const programs = this.#serve(this.#programs, PROGRAMS, "programs");
    const count = this.#connections.length + this.#starting;
    // Somebody waits for the next try: the process must not end before.
    if (files.isFull || programs.isFull) this.#retry?.ref();
    const isBehind = this.#isBehind();
    const areHanging = this.#connections.every((each) => each.isHanging);
    if (programs.isFull || (files.isFull && areHanging)) this.#startUpTo(this.#most, count);
    else {
      if (programs.isBusy || isBehind) this.#startUpTo(this.#processes, count);
      if (files.isFull) this.#lookAgain();
    }
  }

  /** Nothing may come before a process that hangs has been silent for long enough. */
  #lookAgain(): void {
    this.#look ??= setTimeout(() => {
      this.#look = undefined;
      this.#schedule();
    }, LOOK);
    this.#look.unref();
  }

  /** A burst is over sooner than another process would be worth its memory. */
  #isBehind(): boolean {
    const now = this.#now();
    if (this.#connections.some((each) => !each.isBehind)) {
      this.#behindSince = undefined;
      return false;
    }
    this.#behindSince ??= now;
    return now - this.#behindSince >= BUSY || this.#connections.some((each) => each.isSilentFor(SILENT));
  }

  /** @returns whether somebody waits for a process that has room, and whether somebody waits longer than he would with one more */
  #serve(
    lines: Map<string, Line>,
    window: number,
    kind: "files" | "programs",
  ): { readonly isFull: boolean; readonly isBusy: boolean } {
    let isFull = false;
    let isBusy = false;
    for (const [key, line] of lines) {
      if (line.waiting.length === 0) {
        if (line.sent === 0) lines.delete(key);
        continue;
      }
      const connection = this.#connectionFor(line, window, kind);
      if (connection === undefined) {
        isFull = true;
        if (this.#connections.every((each) => each.load[kind] >= window)) break;
        continue;
      }
      if (kind === "programs" && connection.load.programs >= MANY_PROGRAMS) isBusy = true;
      const room = Math.min(TOGETHER, window - connection.load[kind], this.#share(line, kind));
      if (room === 0) continue; // looked at again when one of his ends
      for (const request of line.waiting.splice(0, room)) this.#send(line, connection, request, kind);
      // To the end: others are next.
      lines.delete(key);
      lines.set(key, line);
      if (line.waiting.length > 0) this.#schedule();
    }
    return { isFull, isBusy };
  }

  /**
   * How many more one user may have. Programs may run for an hour, and whoever writes programs that hang must not have all
   * places with them: nobody gets more than he leaves free.
   */
  #share({ sent }: Line, kind: "files" | "programs"): number {
    if (kind === "files") return TOGETHER;
    const running = this.#connections.reduce((sum, { load }) => sum + load.programs, 0);
    const free = this.#most * PROGRAMS - running;
    return sent === 0 ? Math.max(1, Math.floor(free / 2)) : Math.max(0, Math.floor((free - sent) / 2));
  }

  #connectionFor(line: Line, window: number, kind: "files" | "programs"): PoolConnection | undefined {
    const { connection, sent } = line;
    // Two deliveries to one mailbox in two processes would wait for each other's locks; programs see to themselves.
    if (kind === "files" && connection !== undefined && sent > 0)
      return connection.load[kind] < window ? connection : undefined;
    if (kind === "files") {
      const free = this.#connections.find((each) => !each.isBehind);
      if (free !== undefined) return free;
    }
    let best: PoolConnection | undefined;
    for (const each of this.#connections) {
      if (each.load[kind] < window && (best === undefined || each.load[kind] < best.load[kind])) best = each;
    }
    return best;
  }

  #send(line: Line, connection: PoolConnection, request: Request, kind: "files" | "programs"): void {
    line.connection = connection;
    line.sent++;
    connection.load[kind]++;
    void connection.run(request).then((result) => {
      line.sent--;
      connection.load[kind]--;
      request.answer(result);
      this.#schedule();
    });
  }

  #startUpTo(most: number, count: number): void {
    if (count >= most || this.#starting > 0 || this.#retry !== undefined || this.#isClosed) return;
    this.#starting++;
    this.#source
      .open()
      .then((socket) => this.#connected(new PoolConnection(socket, this.#now)))
      .catch((error: unknown) => this.#failed(error instanceof Error ? error.message : String(error), true))
      .finally(() => this.#starting--);
  }

  #connected(connection: PoolConnection): void {
    if (this.#isClosed) return connection.close();
    this.#connections.push(connection);
    const patience = this.#connections.length > this.#kept ? this.#idle : undefined;
    connection.begin(patience, (isOurs) => {
      this.#connections.splice(this.#connections.indexOf(connection), 1);
      if (!isOurs) this.#warn(lossOf(connection));
      if (!connection.hasAnswered && !this.#isClosed)
        this.#failed("it ends at once", ++this.#failures >= MOST_FAILURES);
      else this.#failures = 0;
      this.#schedule();
    });
    this.#schedule();
  }

  /** @param isFinal mail waits for its next turn in the queue rather than here */
  #failed(reason: string, isFinal: boolean): void {
    if (isFinal && this.#connections.length === 0) {
      this.#answerWaiting({ kind: "later", status: "4.3.0", text: `no pool process: ${reason}` });
    }
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.#schedule();
    }, PAUSE);
    this.#retry.unref();
  }
}

function lossOf({ load: { files, programs } }: PoolConnection): string {
  const tasks = files + programs;
  return `a pool process has ended by itself; tasks that it had, and that are tried again later: ${tasks}`;
}
