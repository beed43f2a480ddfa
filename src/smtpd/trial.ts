/**
 * A session that is tried out (`rulemail session`): the same conversation as at a port, with a client who is only supposed to
 * be there. His address, certificate and login are what somebody says; what he says and hears are texts.
 */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { PortOptions } from "../config/config.ts";
import type { Reply } from "../mail/reply.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { PeerFacts } from "../tls/peer-facts.ts";
import type { Admission } from "./abuse-limits.ts";
import type { MaybeAnswer } from "./answer.ts";
import { signInByWord } from "./auth.ts";
import { onlyVisit } from "./clients.ts";
import type { Conversation, Ends } from "./conversation.ts";
import type { HandshakeOffer, Secured } from "./secure-connection.ts";
import { RuleServer } from "./server.ts";
import type { SmtpServices } from "./services.ts";
import { SmtpSession } from "./session.ts";

export interface SupposedClient extends Ends {
  /** Its connections that are open, and those of late, this one included. */
  readonly connections: number;
  readonly rate: number;
  /** Those of all clients of late. */
  readonly totalRate: number;
  /** What its handshake shows, where it makes one. */
  readonly tls: PeerFacts;
}

/** A trial takes nobody's place. */
const ALWAYS_ADMITTED: Admission = { wait: () => 0, isFull: () => false, isBusy: () => false };

/** One whole reply, CRLF after each line. */
const WHOLE_REPLY = /(?:[0-9]{3}-[^\n]*\n)*[0-9]{3}(?: [^\n]*)?\r\n/gy;

export class Trial {
  readonly #session: TrialSession;
  readonly #socket: SupposedSocket;
  #taken = 0;

  /** @param services nobody waits for its clock: greet_pause and the like are over at once if it says so */
  constructor(services: SmtpServices, port: PortOptions, client: SupposedClient) {
    const server = new RuleServer(services, port, {});
    this.#socket = new SupposedSocket();
    this.#session = new TrialSession(server, this.#socket as unknown as Socket, services, port, client);
    server.connections.add(this.#session);
  }

  /** The session as its verbs see it. */
  get session(): Conversation {
    return this.#session;
  }

  get isOver(): boolean {
    return this.#socket.destroyed;
  }

  /** @returns the greeting; nothing where the client is dropped without a word */
  async begin(): Promise<string[]> {
    this.#session.init();
    return this.#heard();
  }

  /**
   * @param octets whatever is answered together: a command line with its CRLF, a message with its dot, a chunk behind its BDAT
   * @returns the replies, each of one or several lines, without CR, joined by "\n"
   */
  async say(octets: string): Promise<string[]> {
    this.#session.busy();
    this.#socket.push(Buffer.from(octets, "latin1"));
    return this.#heard();
  }

  /**
   * The client has logged in; nobody asks for a password.
   * @returns what speaks against it
   */
  signIn(user: string, mechanism: string): MaybePromise<Reply | undefined> {
    return signInByWord(this.#session, user, mechanism);
  }

  /** The client goes, whatever it was about to say. */
  async end(): Promise<void> {
    if (this.isOver) return;
    const closed = new Promise((resolve) => this.#socket.once("close", resolve));
    this.#socket.push(null);
    await closed;
  }

  async #heard(): Promise<string[]> {
    for (;;) {
      // Replies leave when the turn is over.
      await new Promise(setImmediate);
      const replies = this.#replies();
      if (this.isOver || (this.#session.isQuiet && replies.length > 0)) {
        this.#taken = this.#socket.received.length;
        return replies;
      }
      await new Promise<void>((resolve) => (this.#socket.changed = resolve));
    }
  }

  #replies(): string[] {
    WHOLE_REPLY.lastIndex = this.#taken;
    const replies: string[] = [];
    for (let found; (found = WHOLE_REPLY.exec(this.#socket.received)) !== null;)
      replies.push(found[0].replaceAll("\r", "").trimEnd());
    return replies;
  }
}

class TrialSession extends SmtpSession {
  readonly #tls: PeerFacts;
  readonly #supposed: Pick<SupposedSocket, "changed">;
  #isQuiet = false;
  #handshake: MaybePromise<void> = undefined;

  constructor(server: RuleServer, socket: Socket, services: SmtpServices, port: PortOptions, client: SupposedClient) {
    const { connections, rate, totalRate, tls, ...ends } = client;
    const visit = { ...onlyVisit(), address: ends.remoteAddress, connections, rate, totalRate };
    super(server, socket, ends, services, port, ALWAYS_ADMITTED, visit);
    this.#tls = tls;
    this.#supposed = socket as unknown as SupposedSocket;
  }

  /** All that was said has been answered. */
  get isQuiet(): boolean {
    return this.#isQuiet;
  }

  /** Something is about to be said. */
  busy(): void {
    this.#isQuiet = false;
  }

  #quiet(): void {
    this.#isQuiet = true;
    this.#supposed.changed();
  }

  override open(): void {
    super.open();
    this.#quiet();
  }

  override line(text: string, next: () => void, more: boolean): void {
    super.line(text, this.#afterwards(next), more);
  }

  override lineTooLong(next: () => void): void {
    super.lineTooLong(this.#afterwards(next));
  }

  override conclude(answer: () => MaybeAnswer, next: () => void): void {
    super.conclude(answer, this.#afterwards(next));
  }

  #afterwards(next: () => void): () => void {
    return () =>
      void whenReady(this.#handshake, () => {
        this.#quiet();
        next();
      });
  }

  /** There is nobody to shake hands with: what the client would have shown is known. */
  protected override shakeHands(_offer: HandshakeOffer, done: (outcome: Secured) => MaybePromise<void>): void {
    this.secure = true;
    this._resetSession();
    this.#handshake = whenReady(done({ kind: "supposed", facts: this.#tls }), () => {
      this.#handshake = undefined;
      if (this.readsLater) this.readOctets();
    });
  }

  /** Both sides are ours: when the last reply is out, nothing remains to be waited for. */
  override close(): void {
    super.close();
    const socket = this._socket;
    if (socket.writableFinished) socket.destroy();
    else socket.once("finish", () => socket.destroy());
  }
}

/** What looks like a socket, as far as the session asks. */
class SupposedSocket extends Duplex {
  /** All that the session has said, latin1. */
  received = "";
  /** Somebody wants to know when it has changed. */
  changed: () => void = () => undefined;

  constructor() {
    super({ allowHalfOpen: true });
    this.once("close", () => this.changed());
  }

  override _read(): void {
    // Octets come when somebody says them.
  }

  override _write(octets: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.received += octets.toString("latin1");
    this.changed();
    done();
  }

  /** Nobody is hurried. */
  setTimeout(): this {
    return this;
  }
}
