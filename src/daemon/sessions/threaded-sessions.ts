/**
 * SMTP sessions in a thread of their own (docs/decisions/0032-session-threads.md): how the server answers that thread, and how
 * another one takes its place when it dies.
 */
import type { PortOptions } from "../../config/config.ts";
import type { OpenedQueue } from "../../queue/open-queue.ts";
import type { Body } from "../../queue/queue.ts";
import { takeArrival, type TakingEnvironment } from "../../reception/arrival.ts";
import { isLocal } from "../../smtpd/listen.ts";
import { collectAtRest } from "../../sys/rest.ts";
import type { SealedFiles } from "../../sys/sealed-file.ts";
import { explainListening } from "../listen-problem.ts";
import type { Listeners, OpenPort } from "../listeners.ts";
import { readByRoot } from "../root-door.ts";
import type { SessionHost, SessionHostParts } from "../session-host.ts";
import { portTerm } from "../terms-of.ts";
import type { SiteAnswer } from "./protocol.ts";
import type { ServerAnswers, SessionThread } from "./session-thread.ts";

export interface SessionThreads {
  /** Binds the ports before it is ready. */
  readonly first: SessionThread;
  /**
   * Resolves when the first one has the configuration in force, which it reads while other things are opened.
   * @throws with what is wrong with it
   */
  ready(): Promise<void>;
  /** Another one, when that has died. It knows nothing yet. */
  next(): SessionThread;
}

export interface ThreadedSessionsParts extends SessionHostParts {
  readonly threads: SessionThreads;
  readonly queue: OpenedQueue;
  readonly taking: TakingEnvironment;
  /** Reads the configuration again, with `prepare` and `adopt`; what is wrong with it. */
  readonly reload: () => Promise<readonly string[]>;
}

export class ThreadedSessions implements SessionHost {
  readonly #parts: ThreadedSessionsParts;
  readonly #failed = Promise.withResolvers<string>();
  #thread: SessionThread;
  #listeners: Listeners | undefined;
  /** Its thread has what it needs. */
  #hasBegun = false;
  #isStopping = false;

  constructor(parts: ThreadedSessionsParts) {
    this.#parts = parts;
    this.#thread = parts.threads.first;
    // Two heaps are twice what one keeps of a busy time; the thread sees to its own.
    collectAtRest({ clock: parts.clock });
  }

  get failed(): Promise<string> {
    return this.#failed.promise;
  }

  async begin(listeners: Listeners): Promise<void> {
    this.#listeners = listeners;
    this.#hasBegun = true;
    const { queue, queueInterval, openings } = this.#parts;
    const thread = this.#thread;
    await this.#parts.threads.ready();
    await thread.begin({ queue: queue.lend(), queueInterval, hasDoor: openings?.door !== undefined }, this.#answers());
    void thread.ended.then((reason) => this.#renew(reason));
  }

  /** The thread binds what it may; a port of root's comes through the door. */
  open(port: PortOptions): Promise<OpenPort> {
    return this.#open(port);
  }

  prepare(sealed?: SealedFiles): Promise<SiteAnswer> {
    return this.#thread.prepare(sealed);
  }

  async adopt(): Promise<void> {
    await this.#thread.adopt(true);
    if (!this.#hasBegun && this.#listeners !== undefined) await this.begin(this.#listeners);
  }

  stop(): void {
    this.#isStopping = true;
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  /** @param at where it listens, if not where the port says */
  async #open(port: PortOptions, at?: PortOptions): Promise<OpenPort> {
    const thread = this.#thread;
    const { openings, site } = this.#parts;
    const door = openings?.door;
    try {
      return await thread.open(port, { ...(at && { at }) });
    } catch (error) {
      const { code, syscall } = error as NodeJS.ErrnoException;
      if (door === undefined || syscall !== "listen" || code !== "EACCES" || isLocal(port)) {
        return explainListening(port, site().config, error);
      }
    }
    return thread.open(port, { fd: await door.listenElsewhere(portTerm(port)) });
  }

  #answers(): ServerAnswers {
    const { queue, taking, openings, site, startQueueRun, heard } = this.#parts;
    const door = openings?.door;
    return {
      take: async ({ arrival, octets }) => {
        const body: Body = octets === undefined ? { kind: "file" } : { kind: "octets", chunks: [octets] };
        await takeArrival(taking, site(), arrival, body);
        return undefined;
      },
      newId: () => queue.store.newId(),
      startQueueRun,
      readByRoot: (files) => (door === undefined ? new Map() : readByRoot(door, { files })),
      readFile: ({ reader, question }) => site().agents.files.read(reader, question),
      readPart: ({ reader, question, range }) => site().agents.files.readPart(reader, question, range),
      evidence: ({ evidence, at }) => {
        heard(evidence, at);
        return undefined;
      },
    };
  }

  /**
   * The thread has died, and its sessions with it: another one takes its place. Mail in the queue goes on meanwhile. The other one
   * reads the configuration as it is now, and so does the server.
   */
  async #renew(reason: string): Promise<void> {
    const { log, threads, reload } = this.#parts;
    if (this.#isStopping) return;
    const text = `SYSERR: the thread of the sessions has ended, another one begins: ${reason}`;
    log.write(0, { priority: "crit", text });
    this.#hasBegun = false;
    this.#thread = threads.next();
    const messages = await reload().catch((error: unknown) => [String(error)]);
    // What came to naught the reload has told of.
    const problems = this.#hasBegun
      ? await this.#listeners!.renew((port, at) => this.#open(port, at))
      : messages.map((message) => new Error(message));
    if (problems.length > 0 && !this.#isStopping) {
      this.#failed.resolve(`no sessions any more: ${problems.map(({ message }) => message).join("; ")}`);
    }
  }
}
