/**
 * The program's side of the control socket. Loads no library (decision D10), and gives octets away only to a
 * socket that it may trust: in a folder that others may write, one of root or of the calling user.
 */
import { lstatSync, type Stats } from "node:fs";
import { connect, type Socket } from "node:net";
import { dirname } from "node:path";
import type { SessionFacts } from "../reception/session-facts.ts";
import type { QueueFilter } from "../queue/filter.ts";
import { type Challenge, isChallenge, showWhoCalls } from "./caller-proof.ts";
import {
  type Answers,
  callersFolder,
  encodeFrame,
  type Frame,
  LONGEST_ANSWER,
  type Operation,
  pieces,
  PROTOCOL_VERSION,
  readFrames,
  type Request,
  type SubmissionFacts,
  writeFrame,
  type Suspension,
} from "./protocol.ts";
import type { RunEvent } from "../dispatch/runner.ts";
import type { NewRoute } from "../dispatch/steer.ts";
import type { QueuedMessage, Steering, Why } from "./queue-answers.ts";
import type { QueueListing } from "./queue-listing.ts";
import type { Top, TopField } from "./queue-top.ts";

/** Nobody answers at the socket; nothing was handed over. */
export class NoDaemonError extends Error {
  override readonly name = "NoDaemonError";
}

/** The daemon refused, or the connection broke; after a `submit` the message may have been taken. */
export class ControlError extends Error {
  override readonly name: string = "ControlError";
}

/** The daemon does not let this caller ask that. */
export class ControlDeniedError extends ControlError {
  override readonly name = "ControlDeniedError";
}

/** @throws NoDaemonError */
function checkSocket(path: string): void {
  let socket: Stats | undefined;
  try {
    socket = lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // A folder above that we may not enter, or that is none.
    throw new NoDaemonError(`Cannot reach the daemon at ${path}: ${(error as Error).message}`, { cause: error });
  }
  if (!socket) throw new NoDaemonError(`Cannot find ${path}: is the daemon running?`);
  if (!socket.isSocket()) throw new NoDaemonError(`Cannot use ${path}: not a socket`);
  const folder = lstatSync(dirname(path));
  const trusted = socket.uid === 0 || socket.uid === process.getuid?.();
  if ((folder.mode & 0o022) !== 0 && !trusted) {
    throw new NoDaemonError(`Cannot trust ${path}: others may write its folder, and it belongs to user ${socket.uid}`);
  }
}

export interface ControlClientOptions {
  /** Ms to wait for the connection, default 5 s. */
  readonly connectTimeout?: number;
  /** Ms to wait for an answer or for progress, default 5 minutes. */
  readonly timeout?: number;
  /** Hears once that an answer takes longer than `after` ms. */
  readonly slow?: {
    readonly after: number;
    /** @param most seconds that are waited in all */
    readonly tell: (seconds: number, most: number) => void;
  };
}

/**
 * Connects to the daemon.
 * @throws NoDaemonError
 */
export async function connectControl(path: string, options: ControlClientOptions = {}): Promise<ControlClient> {
  checkSocket(path);
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => {
      socket.destroy();
      reject(new NoDaemonError(`Cannot reach the daemon at ${path}: ${why}`));
    };
    socket.setTimeout(options.connectTimeout ?? 5000, () => fail("no answer"));
    socket.once("error", (error) => fail(error.message));
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve();
    });
  });
  return new ControlClient(socket, options.timeout ?? 300_000, options.slow);
}

/**
 * Connects to hand over messages, and shows who calls. Without that the messages are a stranger's, and taken all the same.
 * @throws NoDaemonError, also when the daemon ends before it has answered: nothing has been handed over
 */
export async function connectToSubmit(path: string, options: ControlClientOptions = {}): Promise<ControlClient> {
  const client = await connectControl(path, options);
  try {
    const challenge = await client.challenge();
    if (challenge !== undefined) showWhoCalls(callersFolder(path), challenge);
    return client;
  } catch (error) {
    client.close();
    throw new NoDaemonError(`Cannot reach the daemon at ${path}: ${(error as Error).message}`, { cause: error });
  }
}

export class ControlClient {
  readonly #socket: Socket;
  readonly #frames: AsyncGenerator<Frame, undefined>;
  readonly #timeout: number;
  #slow: ControlClientOptions["slow"];
  #failure: string | undefined;

  constructor(socket: Socket, timeout: number, slow?: ControlClientOptions["slow"]) {
    this.#socket = socket;
    this.#timeout = timeout;
    this.#slow = slow;
    socket.removeAllListeners("timeout");
    socket.setTimeout(timeout, () => {
      this.#failure = `no answer in ${Math.round(timeout / 1000)} s`;
      socket.destroy();
    });
    socket.on("error", (error) => (this.#failure ??= error.message));
    this.#frames = readFrames(socket, LONGEST_ANSWER);
  }

  /**
   * Hands a message over; resolves when it is durable or refused.
   * @throws ControlError
   */
  async submit(facts: SubmissionFacts, octets: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<Answers["submit"]> {
    await this.#send({ op: "submit", facts });
    for await (const chunk of octets) {
      for (const piece of pieces(chunk)) await writeFrame(this.#socket, encodeFrame({ data: true }, piece));
      if (this.#socket.destroyed) break;
    }
    await writeFrame(this.#socket, encodeFrame({ end: true }));
    return this.#answer<"submit">();
  }

  /** How to show who calls; undefined where that cannot be. */
  async challenge(): Promise<Challenge | undefined> {
    await this.#send({ op: "prove" });
    const { ok, value } = (await this.#frame()).head;
    return ok === true && isChallenge(value) ? value : undefined;
  }

  /** False when the daemon has ended the connection: nothing can be handed over here. */
  get isOpen(): boolean {
    return this.#socket.writable;
  }

  /** Every matching message, as they arrive; nothing else may be asked before the end. */
  async *entries(filter: QueueFilter = {}): AsyncGenerator<QueueListing, undefined> {
    await this.#send({ op: "list", filter });
    for (;;) {
      const head = await this.#receive();
      yield* head["value"] as QueueListing[];
      if (head["more"] !== true) return;
    }
  }

  /** Every matching message. */
  async list(filter: QueueFilter = {}): Promise<QueueListing[]> {
    const all: QueueListing[] = [];
    for await (const listing of this.entries(filter)) all.push(listing);
    return all;
  }

  count(filter: QueueFilter = {}): Promise<number> {
    return this.#ask({ op: "count", filter });
  }

  /** Ids of all matching messages. */
  ids(filter: QueueFilter): Promise<string[]> {
    return this.#inPieces({ op: "ids", filter });
  }

  /** The SMTP sessions that are open. */
  sessions(): Promise<SessionFacts[]> {
    return this.#inPieces({ op: "sessions" });
  }

  async #inPieces<T>(request: Request): Promise<T[]> {
    await this.#send(request);
    const all: T[] = [];
    for (;;) {
      const head = await this.#receive();
      for (const each of head["value"] as T[]) all.push(each);
      if (head["more"] !== true) return all;
    }
  }

  /** @param most lines */
  top(filter: QueueFilter, by: readonly TopField[], most: number): Promise<Top> {
    return this.#ask({ op: "top", filter, by, most });
  }

  /** @param filter which of its recipients are explained */
  async why(id: string, filter: QueueFilter): Promise<Why | undefined> {
    return (await this.#ask({ op: "why", id, filter })) ?? undefined;
  }

  /**
   * A message, and its body as it comes: read it before anything else is asked.
   * @param body false: nothing of it
   */
  async show(id: string, body: boolean): Promise<{ message: QueuedMessage; body: AsyncIterable<Buffer> } | undefined> {
    const message = await this.#ask({ op: "show", id, body });
    return message === null ? undefined : { message, body: this.#octets() };
  }

  bounce(filter: QueueFilter, reason: string): Promise<Steering> {
    return this.#ask({ op: "bounce", filter, reason });
  }

  reroute(filter: QueueFilter, route: NewRoute): Promise<Steering> {
    return this.#ask({ op: "reroute", filter, route });
  }

  /** The same with messages that still lie in the client queue. */
  bounceClient(filter: QueueFilter, reason: string): Promise<Steering> {
    return this.#ask({ op: "bounceClient", filter, reason });
  }

  rerouteClient(filter: QueueFilter, route: NewRoute): Promise<Steering> {
    return this.#ask({ op: "rerouteClient", filter, route });
  }

  status(): Promise<Answers["status"]> {
    return this.#ask({ op: "status" });
  }

  /** A queue run: what comes of its messages, as their attempts end. Ends with the run. */
  async *watchRun(filter: QueueFilter = {}): AsyncGenerator<RunEvent, undefined> {
    // An attempt may take long.
    this.#slow = undefined;
    await this.#send({ op: "run", filter, watch: true });
    for (;;) {
      const head = await this.#receive();
      if (head["more"] !== true) return;
      yield* head["value"] as RunEvent[];
    }
  }

  /** Makes matching messages due now; how many. */
  run(filter: QueueFilter = {}): Promise<number> {
    return this.#ask({ op: "run", filter });
  }

  hold(filter: QueueFilter, reason: string): Promise<Steering> {
    return this.#ask({ op: "hold", filter, reason });
  }

  suspensions(change?: Suspension): Promise<readonly string[]> {
    return this.#ask({ op: "suspensions", change });
  }

  release(filter: QueueFilter): Promise<Steering> {
    return this.#ask({ op: "release", filter });
  }

  remove(filter: QueueFilter): Promise<Steering> {
    return this.#ask({ op: "remove", filter });
  }

  /** Reads the configuration again; the problems that prevented it. */
  reload(): Promise<readonly string[]> {
    return this.#ask({ op: "reload" });
  }

  async shutdown(): Promise<void> {
    await this.#ask({ op: "shutdown" });
  }

  close(): void {
    this.#socket.destroy();
  }

  async #ask<R extends Request>(request: R): Promise<Answers[R["op"]]> {
    await this.#send(request);
    return this.#answer<R["op"]>();
  }

  async #answer<O extends Operation>(): Promise<Answers[O]> {
    return (await this.#receive())["value"] as Answers[O];
  }

  async *#octets(): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const { head, octets } = await this.#frame();
      if (head["data"] === true) yield octets;
      else if (head["end"] !== true) throw new ControlError("Lost the rest of the message");
      else if (typeof head["error"] === "string") throw new ControlError(head["error"]);
      else return;
    }
  }

  async #send(request: Request): Promise<void> {
    await writeFrame(this.#socket, encodeFrame({ rulemail: PROTOCOL_VERSION, ...request }));
  }

  async #receive(): Promise<Frame["head"]> {
    const { head } = await this.#frame();
    const { ok, error, denied } = head;
    if (ok === true) return head;
    const Kind = denied === true ? ControlDeniedError : ControlError;
    throw new Kind(typeof error === "string" ? error : "refused without a reason");
  }

  async #frame(): Promise<Frame> {
    let frame: Frame | undefined;
    const slow = this.#slow;
    const timer = slow && setTimeout(() => this.#tellSlow(slow), slow.after);
    try {
      ({ value: frame } = await this.#frames.next());
    } catch (error) {
      this.#failure ??= error instanceof Error ? error.message : String(error);
    } finally {
      clearTimeout(timer);
    }
    if (!frame) throw new ControlError(`Lost the connection to the daemon: ${this.#failure ?? "it was closed"}`);
    return frame;
  }

  #tellSlow({ after, tell }: NonNullable<ControlClientOptions["slow"]>): void {
    this.#slow = undefined;
    tell(Math.round(after / 1000), Math.round(this.#timeout / 1000));
  }
}
