/**
 * One SMTP conversation: its state, and the way from a line of the client to the verb that answers it.
 *
 * The library's connection keeps the socket's life (listeners, TLS upgrade, half-close); which commands exist and what
 * they answer is ours. Every verb is a function in a file of its own that returns its answer; the table is verbs.ts. What
 * the library keeps for itself (names with an underscore) is used in this file alone.
 */
import type { Socket } from "node:net";
import type { SMTPServer } from "smtp-server";
import type { SMTPConnectionOptions } from "smtp-server/lib/smtp-connection.js";
import type { SMTPStream } from "smtp-server/lib/smtp-stream.js";
import type { PortOptions } from "../config/config.ts";
import { printable } from "../mail/printable.ts";
import { type Reply, replyText } from "../mail/reply.ts";
import type { IncomingMessage } from "../reception/intake.ts";
import { Transaction } from "../reception/transaction.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { SessionSettings } from "../site/session-settings.ts";
import type { Site } from "../site/site.ts";
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";
import type { ServerCertificates } from "../tls/server-context.ts";
import { AbuseCounter, type Admission } from "./abuse-limits.ts";
import { type Answer, type MaybeAnswer, say } from "./answer.ts";
import { onlyVisit, type Visit } from "./clients.ts";
import { withoutSecret, workOf } from "./command.ts";
import { connect, sessionMacros } from "./connect.ts";
import type { Conversation, Ends, LineReader, Login } from "./conversation.ts";
import { type DataConsumer, type LineConsumer, OctetStream } from "./octet-stream.ts";
import { type Features, readFeatures } from "./features.ts";
import { replies, wireText } from "./replies.ts";
import { logAttack, logFault, logIdleSession, logLoss, logTimeout, logTraffic } from "./session-log.ts";
import { asParser, type HandshakeOffer, SecureConnection, type Secured } from "./secure-connection.ts";
import type { SmtpServices } from "./services.ts";
import { LONGEST_FEE, type Share } from "./turns.ts";
import { isPublic } from "./public-port.ts";
import { discardLittle, isSpokenTo, pause, sayNow } from "./waits.ts";

export class SmtpSession extends SecureConnection implements LineConsumer, Conversation {
  readonly services: SmtpServices;
  readonly port: PortOptions;
  readonly site: Site;
  readonly settings: SessionSettings;
  readonly whole: Transaction;
  readonly abuse: AbuseCounter;
  readonly admission: Admission | undefined;
  readonly visit: Visit;
  readonly began: number;
  readonly #release: () => void;
  #features: Features | undefined;
  // Verbs see these through Conversation, which lets them read only.
  helo: string | undefined;
  isEsmtp = false;
  refusal: Reply | undefined;
  login: Login | undefined;
  isVerbose = false;
  certificates: ServerCertificates | undefined;
  transaction: Transaction | undefined;
  message: IncomingMessage | undefined;
  hasMore = false;
  askedForMail = false;
  #hasDelivered = false;
  #state = "client greeting";
  #output = "";
  /** A line that came before the greeting. */
  #early: (() => void) | undefined;
  /** Who gets the next line. */
  #reader: LineReader | undefined;

  constructor(
    server: SMTPServer,
    socket: Socket,
    options: SMTPConnectionOptions | null | undefined,
    services: SmtpServices,
    port: PortOptions,
    admission?: Admission,
    visit = onlyVisit(),
  ) {
    super(server, socket, options);
    this.services = services;
    this.port = port;
    this.admission = admission;
    this.visit = visit;
    this.began = services.clock.now();
    this.site = services.site();
    this.#release = this.site.use();
    this.settings = this.site.session;
    const { macros, options: limits } = this.site.config;
    const daemon = port.name === "" ? {} : { daemon: port.name };
    const client = { relay: "", ...daemon, ...(isPublic(port) ? { fromAnywhere: true } : {}) };
    this.whole = Transaction.ofSession(this.site, client, macros.child(sessionMacros(port)));
    this.abuse = new AbuseCounter(limits);
  }

  get share(): Share {
    return this.visit.share;
  }

  get scope(): MacroScope {
    return this.whole.scope;
  }

  get relay(): string {
    return this.whole.client.relay;
  }

  get isOver(): boolean {
    return this._closed || this._closing;
  }

  get isShuttingDown(): boolean {
    return this._server._closeTimeout !== false;
  }

  aboutMail(): void {
    this.askedForMail = true;
  }

  speaksFor(ends: Partial<Ends>): void {
    Object.assign(this, ends);
  }

  turnAway(refusal: Reply): void {
    this.refusal = refusal;
  }

  get features(): Features {
    return (this.#features ??= readFeatures(this));
  }

  offer(features: Features, certificates?: ServerCertificates): void {
    this.#features = features;
    this.certificates = certificates;
  }

  introduced(name: string | undefined, isEsmtp: boolean): void {
    this.helo = name;
    this.isEsmtp = isEsmtp;
  }

  announce(transaction: Transaction): void {
    this.transaction = transaction;
    this.abuse.begun();
  }

  delivered(): void {
    this.#hasDelivered = true;
    this.abuse.delivered();
  }

  endTransaction(): void {
    const { message } = this;
    this.transaction = this.message = undefined;
    this.share.endHope();
    message?.abort();
    this.whole.filters?.abort();
  }

  signIn(login: Login | undefined): void {
    this.login = login;
  }

  expect(reader: LineReader): void {
    this.#reader = reader;
    this._armTimeout();
  }

  get awaitsLongLine(): boolean {
    return this.#reader !== undefined;
  }

  receive(message: IncomingMessage | undefined): void {
    this.message = message;
  }

  readData(sink: DataConsumer): void {
    this.#octets.startData(sink);
    this._armTimeout();
  }

  readChunk(sink: DataConsumer, count: number, isFirst: boolean): void {
    this.#octets.startChunk(sink, count, isFirst);
    this._armTimeout();
  }

  /** The library's own greeting waits 100 ms for early talkers, ours as greet_pause says. */
  override init(): void {
    const greet = (): MaybeAnswer => this.welcome();
    this.readsLater = this.port.modifiers.has("s");
    this._setListeners(() => this.#perform(greet, () => undefined));
  }

  /** Everything up to the greeting. */
  welcome(): MaybeAnswer {
    return connect(this);
  }

  open(): void {
    this._ready = true;
    const early = this.#early;
    this.#early = undefined;
    // The greeting is said first.
    if (early !== undefined) setImmediate(early);
  }

  override _createParser(): SMTPStream {
    return asParser(new OctetStream(this));
  }

  get #octets(): OctetStream {
    return this._parser as unknown as OctetStream;
  }

  line(text: string, next: () => void, more: boolean): void {
    if (this._upgrading) return next();
    if (this.isOver) return undefined;
    if (!this._ready) {
      this.#early = () => this.line(text, next, more);
      return undefined;
    }
    if (this.isShuttingDown) return this.#finish(replies.shuttingDown(this.settings.hostName));
    this.hasMore = more;
    if (this.#reader !== undefined) return this.#read(text, next);
    if (this.services.log.enabled(15)) logTraffic(this, "<--", printable(withoutSecret(text)));
    const { state, work } = workOf(this, text);
    this.#state = state;
    return this.#perform(work, () => this.#proceed(next));
  }

  lineTooLong(next: () => void): void {
    if (!this._ready) {
      this.#early = () => this.lineTooLong(next);
      return undefined;
    }
    if (this.#reader !== undefined) return this.#read(undefined, next);
    logAttack(this, "command line too long");
    this.#finish(replies.lineTooLong(this.settings.hostName, this.relay));
    return next();
  }

  /** A line that is no command. */
  #read(text: string | undefined, next: () => void): void {
    const reader = this.#reader;
    this.#reader = undefined;
    this.conclude(() => reader?.line(text), next);
  }

  ended(): void {
    if (!this._closing) logLoss(this, this.#state, "the client closed its side");
    this.close();
  }

  conclude(answer: () => MaybeAnswer, next: () => void): void {
    this._armTimeout();
    this.#perform(answer, () => this.#proceed(next));
  }

  /** Says what a verb answers, now or when it knows; a fault of ours ends in 451, never in silence. */
  #perform(verb: () => MaybeAnswer, next: () => void): void {
    let answer: MaybeAnswer;
    try {
      answer = verb();
    } catch (error) {
      this.#fault(error);
      return next();
    }
    if (isPromise(answer)) return this.#wait(answer, next);
    const work = this.#say(answer)?.then(() => undefined);
    return work === undefined ? next() : this.#wait(work, next);
  }

  #wait(answer: Promise<Answer | undefined>, next: () => void): void {
    this._handlerPending = true;
    const began = performance.now();
    void answer
      .then((settled) => this.#say(settled))
      .catch((error: unknown) => this.#fault(error))
      .finally(() => {
        this._handlerPending = false;
        this.share.charge(Math.min(performance.now() - began, LONGEST_FEE));
        if (this.#hasDelivered) this.share.delivered();
        this.#hasDelivered = false;
        if (!this._closed) next();
      });
  }

  /** @returns a promise when something has begun that has to end before the next command */
  #say(answer: Answer | undefined): Promise<void> | undefined {
    return say(answer, (each, isLast) => (isLast ? this.#finish(each) : this.#reply(each)));
  }

  pause<T>(ms: number, then: () => MaybePromise<T>): Promise<T | undefined> {
    return pause(this.services.clock, ms, () => this.isOver, then);
  }

  isSpokenTo(ms: number): Promise<boolean> {
    return isSpokenTo(this.services.clock, ms, this._socket);
  }

  startTls(offer: HandshakeOffer, secured: (outcome: Secured) => MaybePromise<void>): Promise<void> {
    // The reply has to leave before the handshake begins on the same socket.
    this.#flush();
    this.shakeHands(offer, secured);
    return new Promise(setImmediate);
  }

  drop(): void {
    this.close();
  }

  #fault(error: unknown): void {
    logFault(this, error);
    if (this._ready) this.#reply(replies.internalError);
    else this.#finish(replies.noGreeting(this.settings.hostName));
  }

  /** Replies of one turn (to pipelined commands) leave in one packet. */
  #reply(answer: Reply): void {
    if (this._closing || this._upgrading || this._socket.destroyed) return;
    if (this.#output === "" && !this.share.atEnd(this.#flush)) process.nextTick(this.#flush);
    this.#output += wireText(answer, this.transaction?.announced.smtputf8);
    if (this.services.log.enabled(15)) logTraffic(this, "-->", replyText(answer));
  }

  /** Hands the replies to the socket now. */
  readonly #flush = (): void => {
    const output = this.#output;
    this.#output = "";
    sayNow(output, this._socket, this.share);
  };

  /** A last reply, then the connection closes. */
  #finish(answer: Reply): void {
    this.#reply(answer);
    this.close();
  }

  override close(): void {
    this.#flush();
    this.whole.filters?.close();
    super.close();
    discardLittle(this._socket);
  }

  /** At shutdown: a session with work under way ends that first. */
  endWhenIdle(): void {
    if (!this._handlerPending && !this.#octets.inData) this.#finish(replies.shuttingDown(this.settings.hostName));
  }

  /** The library's texts for what it notices itself: the end of the time that close() gives. */
  override send(code: number, text?: string | string[] | null): void {
    if (code === 421) return this.#finish(replies.shuttingDown(this.settings.hostName));
    return this.#reply({ code, lines: Array.isArray(text) ? text : [text ?? ""] });
  }

  override _onTimeout(): void {
    if (this._closing) {
      this._socket.destroy();
    } else if (this._handlerPending) {
      this.waitAgain();
    } else {
      const during = this.#octets.inData ? "message collect" : this.#state;
      logTimeout(this, during);
      this.#finish(replies.timeout(this.settings.hostName, during));
    }
  }

  protected override get patience(): number {
    const { dataTimeout, authTimeout, commandTimeout } = this.settings;
    return this.#octets.inData ? dataTimeout : this.#reader !== undefined ? authTimeout : commandTimeout;
  }

  /** Nothing of the library's per-transaction state is used. */
  override _resetSession(): void {
    this.endTransaction();
  }

  override _onError(error: Error): void {
    logLoss(this, this.#state, error.message);
    this.close();
  }

  override _onClose(): void {
    const first = !this._closed;
    super._onClose();
    this.endTransaction();
    this.whole.filters?.close();
    this.#reader?.gone();
    this.#reader = undefined;
    if (first && !this.askedForMail) logIdleSession(this);
    this.#release();
    this.visit.leave();
  }

  /** Goes on with what the client sent after the command just answered. */
  #proceed(next: () => void): void {
    if (this.isOver) return;
    if (this.isShuttingDown) this.#finish(replies.shuttingDown(this.settings.hostName));
    else this._whenWritable(next);
  }
}
