/**
 * One connection to an SMTP or LMTP server: nodemailer's SMTPConnection for the greeting, EHLO, HELO and the change to
 * TLS, with a reader of replies and a transaction of our own on top that keep every recipient's reply, send parameters per
 * recipient, write addresses as octets, and give each step its own timeout (RFC 5321 §4.5.3.2). What is said between EHLO
 * and the first message (STARTTLS, AUTH) is the business of session-opening.ts, which uses `ask`, `encrypt` and `hello`.
 *
 * A reply counts for the command that it answers and for no other: one that nobody waits for, that is there before its
 * command has left, or that is no answer to it (354 to RCPT, 250 to DATA) means that the two sides no longer speak of
 * the same thing. Such a connection ends at once, and nothing that it said about the message is believed.
 *
 * It relies on members that nodemailer does not publish; test/contract/smtp-connection.test.ts pins them. It knows
 * nothing of mailers, queues and statuses: it takes strings and octets and reports replies.
 */
import { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { LineResult } from "../../authentication/policy/line-policy.ts";
import { type Action, type Internals, LibraryConnection } from "./library-connection.ts";
import { ReplyClock } from "./reply-clock.ts";
import { isClosing, isRefusal, ReplyReader, replyKind } from "./reply-reader.ts";
import { SmtpExchange, type Transaction, type TransactionResult } from "./exchange.ts";
import { type HandshakeOptions, handshakeWith, type SmtpClientOptions, type SmtpTimeouts } from "./client-options.ts";
import { type ClientFailure, describeError, unexpectedReply } from "./failure.ts";

/** What we say, as others may see it: of AUTH only the mechanism, the rest may be a password. */
function saidLines(command: string, during: string): string[] {
  const lines = during === "AUTH" ? [/^AUTH \S+/.exec(command)?.[0] ?? "*"] : command.split("\r\n");
  return lines.map((line) => `>>> ${line}`);
}

const NO_MACROS: ReadonlyMap<string, string | undefined> = new Map();

/** The library's own way of doing it. */
const base = LibraryConnection.prototype as unknown as Internals;

export class SmtpClient extends LibraryConnection {
  /** EHLO keywords in upper case → their parameters. */
  readonly extensions = new Map<string, string>();
  /** First word of the greeting: the name the server gives itself. */
  greetingName = "";
  /** Transactions begun, for mailers that limit them (m=). */
  transactions = 0;
  /** The last transaction ended in a way that needs RSET. */
  needsReset = false;
  /** What rulesets may ask about this session: {server_name}, {verify}, {cipher} ... */
  macros: ReadonlyMap<string, string | undefined> = NO_MACROS;
  /** Its certificate is for the name that we know it by. */
  bearsName = false;
  /** What came of a policy of its owner (DANE, MTA-STS); undefined: there is none. */
  line: LineResult | undefined;
  /** We had a password for this server, and it did not want it. */
  authRefused = false;

  /** Hears each line that is said, for as long as it is set. */
  heard: ((line: string) => void) | undefined;

  /** The handshake comes before the greeting. */
  readonly tlsFirst: boolean;
  readonly #options: SmtpClientOptions;
  #replies = new ReplyReader();
  #during = "greeting";
  #failure: ClientFailure | undefined;
  readonly #clock = new ReplyClock();

  constructor(options: SmtpClientOptions) {
    super({
      connection: options.socket,
      name: options.heloName,
      host: options.serverName,
      lmtp: options.lmtp,
      secure: options.tlsFirst,
      ignoreTLS: true, // STARTTLS is said elsewhere
      greetingTimeout: options.timeouts.greeting,
      socketTimeout: options.timeouts.greeting,
      logger: false,
    });
    this.#options = options;
    this.tlsFirst = options.tlsFirst;
    // The library reports every accident as an event; what was in flight learns of it through its own callback.
    this.on("error", (error: Error) => this.#note(error));
  }

  /** Greeting and EHLO. Resolves with undefined when the server has said what it can. */
  open(): Promise<ClientFailure | undefined> {
    return this.#introduced(() => {
      if (this.tlsFirst) this.connect((error) => error !== undefined && this.#note(error));
      else {
        this.listenTo(this.#options.socket);
        this.waitFor("greeting", this.#options.timeouts.greeting);
      }
    });
  }

  /** EHLO once more: what was known before no longer counts. */
  hello(): Promise<ClientFailure | undefined> {
    return this.#introduced(() => {
      this.extensions.clear();
      this.#sayHello();
    });
  }

  /** "connect" is what the library says when EHLO has been answered. */
  #introduced(begin: () => void): Promise<ClientFailure | undefined> {
    return new Promise((resolve) => {
      const done = (failure?: ClientFailure) => {
        this.off("error", onEnd).off("end", onEnd).off("connect", done);
        this.#setTimeout(0);
        resolve(failure);
      };
      const onEnd = () => done(this.#failure ?? this.#lost());
      this.on("error", onEnd).on("end", onEnd).on("connect", done);
      begin();
    });
  }

  /** Sends one line and waits for its reply; undefined when there is none: `failure` says why. */
  ask(line: string, during: string, timeout: number): Promise<string | undefined> {
    return new Promise((resolve) => {
      if (!this.isOpen) return resolve(undefined);
      this.expect((reply) => {
        this.endWait();
        resolve(reply);
      });
      this.guard(() => resolve(undefined));
      this.command(line, during, timeout);
    });
  }

  /**
   * STARTTLS and, when the server says 220, the handshake at once: what came in clear behind that reply is forgotten (RFC
   * 3207 §6). With `tlsFirst` the handshake, then greeting and EHLO.
   * Resolves with the reply that was not 220, with the failure, or with undefined when the connection is encrypted.
   */
  async startTls(options: HandshakeOptions): Promise<string | ClientFailure | undefined> {
    const { timeouts } = this.#options;
    this.options.tls = handshakeWith(this.#options, options);
    if (this.tlsFirst) return this.open();
    return new Promise((resolve) => {
      const lost = () => this.#failure ?? { kind: "lost" as const, message: "connection closed", during: "STARTTLS" };
      if (!this.isOpen) return resolve(lost());
      this.guard(resolve);
      this.expect((reply) => {
        if (!reply.startsWith("220")) {
          this.endWait();
          return resolve(reply);
        }
        this.#replies = new ReplyReader();
        this.stopReading?.();
        (this as unknown as Internals)._upgradeConnection((error) => {
          this.endWait();
          this.#clock.forget();
          resolve(error ? this.#note(error) : this.#failure);
        });
      });
      this.command("STARTTLS", "STARTTLS", timeouts.starttls);
    });
  }

  /** True while nothing has closed it. */
  get isOpen(): boolean {
    const socket = this._socket;
    return !this._destroyed && socket !== false && socket !== null && !socket.destroyed && socket.writable;
  }

  /** A program's pipes cannot be encrypted. */
  get canEncrypt(): boolean {
    return this._socket instanceof Socket;
  }

  /** undefined while the connection is not encrypted. */
  get tlsSocket(): TLSSocket | undefined {
    return this._socket instanceof TLSSocket ? this._socket : undefined;
  }

  get failure(): ClientFailure | undefined {
    return this.#failure;
  }

  /** MAIL, RCPT, DATA, message. Always resolves; call `reset()` before the next one when `needsReset` says so. */
  transact(transaction: Transaction): Promise<TransactionResult> {
    this.transactions++;
    this.needsReset = true;
    return new Promise((resolve) => new SmtpExchange(this, transaction, this.#options.lmtp, resolve).start());
  }

  /** RSET; resolves with false when the connection is of no use any more. */
  clear(): Promise<boolean> {
    return new Promise((resolve) => {
      if (!this.isOpen) return resolve(false);
      this.expect((reply) => {
        this.endWait();
        this.needsReset = !reply.startsWith("2");
        resolve(!this.needsReset);
      });
      this.guard(() => resolve(false));
      this.command("RSET", "RSET", this.#options.timeouts.rset);
    });
  }

  /** QUIT, and close whether it is answered or not. */
  override quit(): void {
    if (!this.isOpen) return this.close();
    this.expect(() => this.close());
    this.command("QUIT", "QUIT", this.#options.timeouts.quit);
  }

  /** Closes at once; what is in flight fails with this. */
  abort(): void {
    this.#failure ??= { kind: "aborted", message: "aborted", during: this.#during };
    this.drop(new Error("aborted"));
  }

  // ---- for SmtpExchange --------------------------------------------------------------------------------------------

  /** undefined once it is closed. */
  get socket(): Socket | undefined {
    return this.isOpen && this._socket ? this._socket : undefined;
  }

  get serverName(): string {
    return this.#options.serverName;
  }

  get timeouts(): SmtpTimeouts {
    return this.#options.timeouts;
  }

  expect(action: Action): void {
    this._responseActions.push(action);
  }

  /** What to call when the connection fails while waiting for a reply. */
  guard(onFailure: (failure: ClientFailure) => void): void {
    this._pendingSend = { callback: (error) => onFailure(this.#failure ?? this.#note(error)), stream: false };
  }

  endWait(): void {
    this._pendingSend = false;
    this.#setTimeout(0);
  }

  /** @param line without its end; several with CRLF between them go in one write */
  command(line: string, during: string, timeout: number): void {
    this.waitFor(during, timeout);
    if (this.isInStep(during)) this._sendCommand(line);
  }

  waitFor(during: string, timeout: number): void {
    this.#during = during;
    this.#setTimeout(timeout);
  }

  /** Ends the connection because of a failure on our own side. */
  drop(error: Error): void {
    const pending = this._pendingSend;
    const socket = this._socket;
    this.close();
    if (socket) socket.destroy();
    if (pending) pending.callback(error);
  }

  failLocally(message: string): void {
    this.#failure = { kind: "local", message, during: this.#during };
    this.drop(new Error(message));
  }

  /** Ends the connection because of a reply that is no answer. */
  failProtocol(reply: string, during: string): void {
    const failure = unexpectedReply(reply, during);
    this.#failure ??= failure;
    this.drop(new Error(failure.message));
  }

  /**
   * A reply in the middle of the message. A refusal ends it (too large, disk full), and the connection with it, so that
   * the rest is not read as commands; a yes cannot be about a part of it.
   */
  answerTooEarly(reply: string): void {
    if (isRefusal(reply)) this.#fail(new Error("refused"), "EPROTOCOL", reply);
    else this.failProtocol(reply, this.#during);
    this.drop(new Error("refused"));
  }

  /** What has come behind the reply that is being handled; "..." when it is the beginning of a reply. */
  get nextReply(): string | undefined {
    return this._responseQueue[0] ?? (this.#replies.hasBegun ? "..." : undefined);
  }

  /** Nothing has been said that nobody asked for. Otherwise the connection ends, and what is in flight fails. */
  isInStep(during: string): boolean {
    const { nextReply } = this;
    if (nextReply !== undefined) this.failProtocol(nextReply, during);
    return nextReply === undefined;
  }

  // ---- the library's own steps, where they differ from ours ----------------------------------------------------------
  /** Commands are octets: addresses are latin1 strings all the way. */
  _sendCommand(line: string): void {
    const socket = this._socket;
    if (this._destroyed || socket === false || socket === null || socket.destroyed) return;
    if (this.heard !== undefined) for (const each of saidLines(line, this.#during)) this.heard(each);
    socket.write(`${line}\r\n`, "latin1");
  }

  _onData(chunk: Buffer): void {
    if (this._destroyed) return;
    const replies = this.#replies.read(chunk);
    if (replies === undefined) return this.#fail(new Error("reply without an end"), "EPROTOCOL");
    if (replies.length > 0) this.#clock.answered();
    else if (this.#clock.isOver) return base._onTimeout.call(this);
    this._responseQueue.push(...replies);
    this._processResponse();
  }

  /** Replies that came in one piece are handled in one go and stay octets; the library takes a turn for each. */
  _processResponse(): void {
    while (!this._destroyed) {
      const reply = this._responseQueue.shift();
      if (reply === undefined) return;
      this.lastServerResponse = reply;
      if (this.heard !== undefined) for (const each of reply.split(/\r?\n/)) this.heard(each);
      const closing = isClosing(reply);
      const action = this._responseActions.shift();
      if (action === undefined) return this.#unasked(reply, closing);
      action.call(this, reply);
      if (closing) return (this as unknown as Internals)._onServerClosing(reply);
    }
  }

  /** Nobody waits for a reply: between two messages, or while the message is on its way. */
  #unasked(reply: string, closing: boolean): void {
    if (this._pendingSend) this.answerTooEarly(reply);
    else if (closing) this.close();
    else this.failProtocol(reply, this.#during);
  }

  _actionGreeting(reply: string): void {
    (this as unknown as Internals)._clearPhase();
    this.greetingName = /^2\d\d[ -](\S+)/.exec(reply)?.[1] ?? "";
    if (replyKind(reply) !== "yes") return this.#fail(new Error("no greeting"), "EPROTOCOL", reply);
    this.#sayHello();
  }

  #sayHello(): void {
    const steps = this as unknown as Internals;
    const { lmtp, extended, timeouts } = this.#options;
    const verb = lmtp ? "LHLO" : extended ? "EHLO" : "HELO";
    this.expect((answer) => (verb === "HELO" ? steps._actionHELO(answer) : steps._actionEHLO(answer)));
    this.command(`${verb} ${this.name}`, verb, lmtp ? timeouts.lhlo : timeouts.helo);
  }

  /** A server that does not know EHLO may know HELO; one that has no time for the one has none for the other. */
  _actionEHLO(reply: string): void {
    const kind = replyKind(reply);
    const fallback = kind === "never" && !this.#options.lmtp;
    if (!this.isInStep(this.#during)) return;
    if (kind !== "yes" && !fallback) return this.#fail(new Error("EHLO refused"), "EPROTOCOL", reply);
    base._actionEHLO.call(this, reply);
  }

  _actionLHLO(reply: string): void {
    this._actionEHLO(reply);
  }

  _actionHELO(reply: string): void {
    if (replyKind(reply) !== "yes") return this.#fail(new Error("HELO refused"), "EPROTOCOL", reply);
    if (this.isInStep(this.#during)) base._actionHELO.call(this, reply);
  }

  _parseEhloExtensions(reply: string): void {
    base._parseEhloExtensions.call(this, reply);
    for (const line of this._ehloLines ?? []) {
      const [keyword, ...parameters] = line.split(/[ \t]+/);
      if (keyword !== "") this.extensions.set(keyword.toUpperCase(), parameters.join(" "));
    }
  }

  /** The library lets the time for connecting limit the greeting as well; the two are different options. */
  _remainingSetupTime(): number {
    return this.upgrading ? this.#options.timeouts.starttls : this.#options.timeouts.greeting;
  }

  #setTimeout(milliseconds: number): void {
    this.#clock.start(milliseconds, this._socket);
  }

  #fail(error: Error, type: string, reply?: string): void {
    (this as unknown as Internals)._onError(error, type, reply ?? false, this.#during);
  }

  #note(error: Error): ClientFailure {
    return (this.#failure ??= describeError(error, this.upgrading ? "STARTTLS" : this.#during));
  }

  #lost(): ClientFailure {
    return { kind: "lost", message: "connection closed", during: this.#during };
  }
}
