/**
 * The thread of the SMTP sessions, as the rest of the server sees it (docs/decisions/0032-session-threads.md). It is there
 * before anything is bound, so that it binds the ports itself, with root's rights where there are any: a descriptor has one owner.
 */
import type { Worker } from "node:worker_threads";
import type { PortOptions } from "../../config/config.ts";
import type { Log } from "../../log/log.ts";
import type { Statistics } from "../../log/statistics.ts";
import type { SealedFiles } from "../../sys/sealed-file.ts";
import type { OpenPort } from "../listeners.ts";
import { Channel, type Handlers } from "./channel.ts";
import { takeWorker } from "./start-worker.ts";
import type { Beginning, SiteAnswer, ThreadStart, ToMain, ToThread } from "./protocol.ts";

/** What the thread may ask of the server. */
export type ServerAnswers = Omit<Handlers<ToMain>, "log" | "count">;

export interface SessionThreadParts extends ThreadStart {
  readonly log: Log;
  readonly statistics: Statistics;
  /** Of the thread; its usual one where absent. */
  readonly script?: string;
}

/** A port that was bound, or why it was not. */
export interface BoundInThread {
  readonly problems: ReadonlyMap<PortOptions, Error>;
  readonly remarks: readonly string[];
}

/** A thread that was told to end and does not, ms. */
const LAST_WORDS_MS = 5_000;

const NO_SERVER = new Error("the server does not take anything yet");

export class SessionThread {
  readonly #start: ThreadStart;
  readonly #worker: Worker;
  readonly #channel: Channel<ToThread, ToMain>;
  readonly #ended = Promise.withResolvers<string>();
  readonly #gone = Promise.withResolvers<void>();
  #answers: ServerAnswers | undefined;
  #ports = 0;
  #isClosed = false;

  constructor({ log, statistics, script, ...start }: SessionThreadParts) {
    this.#start = start;
    this.#worker = takeWorker(script);
    const ask = (): ServerAnswers => {
      if (this.#answers === undefined) throw NO_SERVER;
      return this.#answers;
    };
    this.#channel = new Channel<ToThread, ToMain>(this.#worker, {
      take: (message) => ask().take(message),
      newId: () => ask().newId(undefined),
      startQueueRun: (asked) => ask().startQueueRun(asked),
      readByRoot: (paths) => ask().readByRoot(paths),
      readFile: (question) => ask().readFile(question),
      readPart: (question) => ask().readPart(question),
      evidence: (told) => ask().evidence(told),
      log: ({ level, line }) => {
        log.write(level, line);
        return undefined;
      },
      count: (counts) => {
        statistics.add(counts);
        return undefined;
      },
    });
    let reason = "it has ended";
    this.#worker.on(
      "error",
      (error) => (reason = error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
    this.#worker.once("exit", () => {
      this.#channel.close(new Error(`the thread of the sessions is gone: ${reason}`));
      this.#gone.resolve();
      if (!this.#isClosed) this.#ended.resolve(reason);
    });
  }

  /** Resolves with the reason when the thread has ended by itself. */
  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  /** Binds ports, and takes over sockets that this process was given for them. */
  async bind(ports: readonly PortOptions[], environment: NodeJS.ProcessEnv): Promise<BoundInThread> {
    const given: Record<string, string> = {};
    for (const name of ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]) {
      const value = environment[name];
      if (value !== undefined) given[name] = value;
      // No other program is to take them for its own.
      delete environment[name];
    }
    const { problems, remarks } = await this.#channel.ask("bind", { ports, environment: given });
    const found = ports.flatMap((port, index) => {
      const problem = problems[index];
      return problem === undefined ? [] : [[port, Object.assign(new Error(problem.message), problem)] as const];
    });
    return { problems: new Map(found), remarks };
  }

  /** Reads the configuration and opens all that belongs to it; it is in force when it is adopted. */
  prepare(sealed?: SealedFiles): Promise<SiteAnswer> {
    return this.#channel.ask("prepare", { start: this.#start, sealed });
  }

  /** @param isWanted false: what was prepared is closed */
  async adopt(isWanted: boolean): Promise<void> {
    await this.#channel.ask("adopt", isWanted);
  }

  async begin(beginning: Beginning, answers: ServerAnswers): Promise<void> {
    this.#answers = answers;
    await this.#channel.ask("begin", beginning);
  }

  /**
   * @param at where it listens, if not where the port says
   * @param fd a socket that listens already, and is the thread's from now on
   * @throws what the system says when it cannot be bound
   */
  async open(port: PortOptions, { at, fd }: { at?: PortOptions; fd?: number } = {}): Promise<OpenPort> {
    const number = ++this.#ports;
    const { address, boundPort } = await this.#channel.ask("open", {
      number,
      port,
      ...(at && { at }),
      ...(fd !== undefined && { fd }),
    });
    return new ThreadPort(this.#channel, number, port, address, boundPort);
  }

  /** The thread is gone when it resolves, and what it had to say has been heard. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#channel.ask("end", undefined).catch(() => undefined);
    const timer = setTimeout(() => void this.#worker.terminate(), LAST_WORDS_MS);
    await this.#gone.promise;
    clearTimeout(timer);
  }

  /** Ends it where it stands. */
  async abandon(): Promise<void> {
    this.#isClosed = true;
    await this.#worker.terminate();
  }
}

class ThreadPort implements OpenPort {
  readonly #channel: Channel<ToThread, ToMain>;
  readonly #number: number;
  #port: PortOptions;
  readonly address: string;
  readonly boundPort: number;

  constructor(
    channel: Channel<ToThread, ToMain>,
    number: number,
    port: PortOptions,
    address: string,
    boundPort: number,
  ) {
    this.#channel = channel;
    this.#number = number;
    this.#port = port;
    this.address = address;
    this.boundPort = boundPort;
  }

  get isGone(): boolean {
    return this.#channel.isClosed;
  }

  get port(): PortOptions {
    return this.#port;
  }

  set port(port: PortOptions) {
    this.#port = port;
    this.#channel.tell("change", { number: this.#number, port });
  }

  facts(): ReturnType<OpenPort["facts"]> {
    return this.#channel.ask("facts", this.#number);
  }

  /** Without its thread there is nothing to close. */
  async close(grace: number): Promise<void> {
    await this.#channel.ask("close", { number: this.#number, grace }).catch(() => undefined);
  }
}
