/**
 * The daemon's side of the control socket: takes requests apart and calls the services that the daemon wires in.
 * What a program may ask for depends on the socket it reached (its file mode decides who that is); who submits a message it
 * may prove (caller-proof.ts), because a unix socket in Node does not tell who is calling.
 */
import { lchownSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { QueueFilter } from "../queue/filter.ts";
import type { MessageReader } from "../envelope/message.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import {
  type DaemonStatus,
  encodeFrame,
  type Frame,
  type Operation,
  pieces,
  ProtocolError,
  readFrames,
  type Request,
  type SubmissionAnswer,
  type SubmissionFacts,
  type Suspension,
  writeFrame,
} from "./protocol.ts";
import type { SessionFacts } from "../reception/session-facts.ts";
import type { RunEvent, RunWatch } from "../dispatch/runner.ts";
import type { NewRoute } from "../dispatch/steer.ts";
import type { QueuedMessage, Steering, Why } from "./queue-answers.ts";
import type { QueueListing } from "./queue-listing.ts";
import type { Top, TopField } from "./queue-top.ts";
import { CallerProof } from "./caller-check.ts";
import type { Challenge } from "./caller-proof.ts";
import { readRequest } from "./request.ts";
import { clearPath } from "./socket-path.ts";

/** A message being handed over. */
export interface Submission {
  /** Octets as the program got them: any line ends. A promise means: wait. */
  write(octets: Buffer): MaybePromise<void>;
  /** The end; resolves when the message is durable, or refused. */
  finish(): Promise<SubmissionAnswer>;
  /** The program went away in the middle. */
  abort(): void;
}

export interface ShownMessage {
  readonly message: QueuedMessage;
  readonly body: MessageReader;
}

/** What the daemon lets others ask for. Whatever throws becomes an error answer with the text. */
export interface ControlServices {
  /** @param uid of the caller; undefined when nothing proves who he is */
  submit(facts: SubmissionFacts, uid?: number): MaybePromise<Submission>;
  status(): MaybePromise<DaemonStatus>;
  /** The SMTP sessions that are open. */
  sessions(): MaybePromise<Iterable<SessionFacts>>;
  /** Whether who calls at a socket for everybody may see the queue. @param uid undefined when nothing proves who he is */
  mayList(uid?: number): MaybePromise<boolean>;
  list(filter: QueueFilter): AsyncIterable<QueueListing> | Iterable<QueueListing>;
  count(filter: QueueFilter): MaybePromise<number>;
  /** Makes matching messages due; how many. */
  run(filter: QueueFilter, watch?: RunWatch): MaybePromise<number>;
  hold(filter: QueueFilter, reason: string): MaybePromise<Steering>;
  release(filter: QueueFilter): MaybePromise<Steering>;
  remove(filter: QueueFilter): MaybePromise<Steering>;
  /** Ids of matching messages, as they are found. */
  ids(filter: QueueFilter): AsyncIterable<string>;
  /** @param most lines */
  top(filter: QueueFilter, by: readonly TopField[], most: number): Promise<Top>;
  /** @param filter which of its recipients are explained; undefined: there is no such message */
  why(id: string, filter: QueueFilter): Promise<Why | undefined>;
  /** A whole message; undefined: there is none of that id. */
  show(id: string): Promise<ShownMessage | undefined>;
  /** Returns matching recipients of matching messages to the sender. */
  bounce(filter: QueueFilter, reason: string): Promise<Steering>;
  /** Sends them another way. */
  reroute(filter: QueueFilter, route: NewRoute): Promise<Steering>;
  /** The same with messages that still lie in the client queue. */
  bounceClient(filter: QueueFilter, reason: string): Promise<Steering>;
  rerouteClient(filter: QueueFilter, route: NewRoute): Promise<Steering>;
  /** Changes which hosts are suspended; those that are then. */
  suspensions(change?: Suspension): MaybePromise<readonly string[]>;
  /** Reads the configuration again; the problems that prevented it. */
  reload(): MaybePromise<readonly string[]>;
  /** Begins to stop; the answer goes out first. */
  shutdown(): void;
}

export interface ControlSocketOptions {
  /** At most 107 octets. */
  readonly path: string;
  /** File mode: 0o600 for the owner alone, 0o666 for all users of the machine. */
  readonly mode: number;
  /** Uid whose the socket file is to be; absent: whoever makes it. */
  readonly owner?: number | undefined;
  /** "submit": messages and status, and for whom `mayList` says so the queue. */
  readonly access: "all" | "submit";
  /** Whoever calls before they are there waits. */
  readonly services: MaybePromise<ControlServices>;
  /** Where callers show who they are; absent: nobody can. */
  readonly callers?: string;
  /** Ms without a sign of life from a program; default 5 minutes. */
  readonly timeout?: number;
  /** Connections at the same time; default 100. */
  readonly most?: number;
}

export interface ControlSocket {
  readonly path: string;
  /** Stops listening, ends connections, removes the socket. */
  close(): Promise<void>;
}

/** For chown(2): as it is. */
const SAME_GROUP = -1;
/** Recipients (and messages) that go into one frame of a list. */
const LIST_CHUNK = 1000;
/** Ids that go into one frame. */
const IDS_CHUNK = 10_000;
/** A caller that waits hears something after so many ms. */
const STILL_THERE = 60_000;
const forEverybody: ReadonlySet<Operation> = new Set(["prove", "submit", "status"]);
const forWhoMayList: ReadonlySet<Operation> = new Set(["list", "count", "ids", "top"]);

/** Who calls may not ask that. */
class DeniedError extends Error {
  override readonly name = "DeniedError";
}

function listen(server: Server, { path, mode, owner }: ControlSocketOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // The socket is made inside listen(), with the right mode at once: changing it would go by its name.
    const umask = process.umask(0o777 & ~mode);
    try {
      server.listen(path, () => {
        server.off("error", reject);
        try {
          // Nobody else can have put anything in its place: the folder is ours, or sticky.
          if (owner !== undefined) lchownSync(path, owner, SAME_GROUP);
        } catch (error) {
          return reject(error);
        }
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}

/** @throws when the path is too long, taken, or not writable */
export async function serveControl(options: ControlSocketOptions): Promise<ControlSocket> {
  const { path, timeout = 300_000, most = 100 } = options;
  if (Buffer.byteLength(path) > 107) throw new Error(`Cannot listen on ${path}: longer than 107 octets`);
  await clearPath(path);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setTimeout(timeout, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    void new Session(socket, options).run().finally(() => {
      socket.end();
      sockets.delete(socket);
    });
  });
  server.maxConnections = most;
  await listen(server, options);
  return {
    path,
    async close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      for (const socket of sockets) socket.destroySoon();
      await closed;
    },
  };
}

/** One connection: request after request. */
class Session {
  readonly #socket: Socket;
  readonly #options: ControlSocketOptions;
  readonly #frames: AsyncGenerator<Frame, undefined>;
  readonly #proof: CallerProof | undefined;

  constructor(socket: Socket, options: ControlSocketOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#frames = readFrames(socket);
    this.#proof = options.callers === undefined ? undefined : new CallerProof(options.callers);
  }

  async run(): Promise<void> {
    try {
      for (;;) {
        const { value: frame } = await this.#frames.next();
        if (!frame) return;
        await this.#answer(frame);
      }
    } catch (error) {
      // Neither side knows any more where a frame begins.
      await this.#send({ ok: false, error: error instanceof ProtocolError ? error.message : "Connection lost" });
    } finally {
      this.#proof?.end();
    }
  }

  async #answer(frame: Frame): Promise<void> {
    try {
      const request = readRequest(frame.head);
      const services = await this.#options.services;
      if (this.#options.access === "submit") await this.#check(request.op, services);
      if (request.op === "submit") await this.#submit(request.facts, services);
      else if (request.op === "list") await this.#list(request.filter, services);
      else if (request.op === "run" && request.watch === true) await this.#watchRun(request.filter, services);
      else if (request.op === "ids") await this.#inPieces(services.ids(request.filter), IDS_CHUNK);
      else if (request.op === "sessions") await this.#inPieces(await services.sessions(), LIST_CHUNK);
      else if (request.op === "show") await this.#show(request, services);
      else await this.#send({ ok: true, value: await this.#value(request, services) });
      if (request.op === "shutdown") services.shutdown();
    } catch (error) {
      if (error instanceof BrokenSubmission) throw error.cause;
      const text = error instanceof Error ? error.message : String(error);
      await this.#send({ ok: false, error: text, ...(error instanceof DeniedError ? { denied: true } : {}) });
    }
  }

  /** What may be asked on a socket that everybody reaches. */
  async #check(op: Operation, services: ControlServices): Promise<void> {
    if (forEverybody.has(op)) return;
    if (!forWhoMayList.has(op))
      throw new DeniedError(`Permission denied: "${op}" is not allowed on ${this.#options.path}`);
    // In sendmail's words.
    if (!(await services.mayList(this.#proof?.uid()))) throw new DeniedError("You are not permitted to see the queue");
  }

  #value(
    request: Exclude<Request, { op: "submit" | "list" | "ids" | "sessions" | "show" }>,
    services: ControlServices,
  ): unknown {
    switch (request.op) {
      case "prove":
        return this.#challenge();
      case "status":
        return services.status();
      case "count":
        return services.count(request.filter);
      case "run":
        return services.run(request.filter);
      case "hold":
        return services.hold(request.filter, request.reason);
      case "release":
        return services.release(request.filter);
      case "remove":
        return services.remove(request.filter);
      case "top":
        return services.top(request.filter, request.by, request.most);
      case "why":
        return whenReady(services.why(request.id, request.filter), (why) => why ?? null);
      case "bounce":
        return services.bounce(request.filter, request.reason);
      case "reroute":
        return services.reroute(request.filter, request.route);
      case "bounceClient":
        return services.bounceClient(request.filter, request.reason);
      case "rerouteClient":
        return services.rerouteClient(request.filter, request.route);
      case "suspensions":
        return services.suspensions(request.change);
      case "reload":
        return services.reload();
      default:
        return null; // shutdown: begins after the answer
    }
  }

  #challenge(): Challenge {
    if (this.#proof === undefined) throw new Error("Nobody can show here who he is");
    return this.#proof.challenge();
  }

  async #list(filter: QueueFilter, services: ControlServices): Promise<void> {
    let chunk: QueueListing[] = [];
    let weight = 0;
    for await (const listing of services.list(filter)) {
      chunk.push(listing);
      weight += 1 + listing.recipients.length;
      if (weight < LIST_CHUNK) continue;
      weight = 0;
      await this.#send({ ok: true, more: true, value: chunk });
      chunk = [];
    }
    await this.#send({ ok: true, value: chunk });
  }

  /** While no attempt ends, the caller is told that there is still somebody. */
  async #watchRun(filter: QueueFilter, services: ControlServices): Promise<void> {
    const tell = (...events: readonly RunEvent[]): void => void this.#send({ ok: true, more: true, value: events });
    const alive = setInterval(tell, STILL_THERE);
    try {
      await this.#send({ ok: true, value: await services.run(filter, tell) });
    } finally {
      clearInterval(alive);
    }
  }

  async #inPieces<T>(all: AsyncIterable<T> | Iterable<T>, most: number): Promise<void> {
    let chunk: T[] = [];
    for await (const each of all) {
      chunk.push(each);
      if (chunk.length < most) continue;
      await this.#send({ ok: true, more: true, value: chunk });
      chunk = [];
    }
    await this.#send({ ok: true, value: chunk });
  }

  async #show({ id, body }: Request & { readonly op: "show" }, services: ControlServices): Promise<void> {
    const shown = await services.show(id);
    await this.#send({ ok: true, value: shown?.message ?? null });
    if (shown === undefined) return;
    try {
      if (body) {
        for await (const chunk of shown.body.stream()) {
          for (const piece of pieces(chunk as Buffer)) await this.#send({ data: true }, piece);
        }
      }
      await this.#send({ end: true });
    } catch (error) {
      await this.#send({ end: true, error: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Takes the octets even when the message is refused at once, so that the next request is found. */
  async #submit(facts: SubmissionFacts, services: ControlServices): Promise<void> {
    let submission: Submission | undefined;
    let refused: unknown;
    try {
      submission = await services.submit(facts, this.#proof?.uid());
    } catch (error) {
      refused = error;
    }
    for (;;) {
      const frame = await this.#nextOfSubmission(submission);
      if (frame.head["end"] === true) break;
      try {
        await submission?.write(frame.octets);
      } catch (error) {
        submission?.abort();
        submission = undefined;
        refused = error;
      }
    }
    if (!submission) throw refused;
    await this.#send({ ok: true, value: await submission.finish() });
  }

  async #nextOfSubmission(submission: Submission | undefined): Promise<Frame> {
    try {
      const { value: frame } = await this.#frames.next();
      if (frame?.head["end"] === true || frame?.head["data"] === true) return frame;
      throw new ProtocolError("Cannot use the message: it has no end");
    } catch (error) {
      submission?.abort();
      throw new BrokenSubmission("The message was not completed", { cause: error });
    }
  }

  async #send(answer: object, octets?: Buffer): Promise<void> {
    if (!this.#socket.destroyed) await writeFrame(this.#socket, encodeFrame(answer, octets));
  }
}

/** The connection is of no use any more. */
class BrokenSubmission extends Error {
  override readonly name = "BrokenSubmission";
}
