/**
 * One SMTP conversation: its state, and the way from a line of the client to the verb that answers it.
 *
 * The library's connection keeps the socket's life (listeners, TLS upgrade, half-close); which commands exist and what
 * they answer is ours. Every verb is a function in a file of its own; the table is verbs.ts.
 */
import type { Socket } from "node:net";
import type { SMTPServer } from "smtp-server";
import { SMTPConnection, type SMTPConnectionOptions } from "smtp-server/lib/smtp-connection.js";
import type { SMTPStream } from "smtp-server/lib/smtp-stream.js";
import type { Config, PortOptions } from "../config/config.ts";
import type { IncomingMessage } from "../reception/intake.ts";
import { type Reply, replyText } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { Router } from "../routing/router.ts";
import { ACCEPTED, type Verdict } from "../routing/verdict.ts";
import type { SessionSettings } from "../site/session-settings.ts";
import type { Site } from "../site/site.ts";
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";
import { AbuseCounter, type Admission, type Patience } from "./abuse-limits.ts";
import { connect } from "./connect.ts";
import { type LineConsumer, OctetStream } from "./octet-stream.ts";
import { printable, replies, wireText } from "./replies.ts";
import { logFault, logIdleSession, logLoss, logProbing, logTimeout, logTraffic } from "./session-log.ts";
import type { ClientIdentity, SmtpServices, Transaction } from "./services.ts";
import { verbs } from "./verbs.ts";

export class SmtpSession extends SMTPConnection implements LineConsumer {
  readonly services: SmtpServices;
  readonly port: PortOptions;
  /** The one in force when the session began. */
  readonly site: Site;
  readonly #release: () => void;
  /** Macros of this session: {client_addr}, $s, $r ... */
  readonly scope: MacroScope;
  readonly abuse: AbuseCounter;
  /** Absent when there is no listener (-bs). */
  readonly admission: Admission | undefined;
  client: ClientIdentity = { name: "", ptr: "", resolve: "FAIL" };
  /** `relay=` of log lines and the greeting: "host [address]". */
  relay = "";
  /** Name given in HELO or EHLO. */
  helo: string | undefined;
  isEsmtp = false;
  /** Reply to everything that moves mail, when the connection was refused (check_relay, greet_pause). */
  refusal: Reply | undefined;
  /** What check_relay decided, for all messages of the session: discard and quarantine. */
  verdict: Verdict = ACCEPTED;
  /** Letters of srv_features: lower case offers, upper case takes away. */
  features = "";
  transaction: Transaction | undefined;
  /** The message whose octets are arriving; dropped when the client goes away. */
  message: IncomingMessage | undefined;
  /** True when the client has sent more than the line being answered. */
  hasMore = false;
  /** True once the client gave a command that is about mail. */
  askedForMail = false;
  #state = "client greeting";
  #output = "";
  /** A line that came before the greeting. */
  #early: (() => void) | undefined;
  #timedSocket: Socket | undefined;
  #timeout = -1;

  constructor(
    server: SMTPServer,
    socket: Socket,
    options: SMTPConnectionOptions | null | undefined,
    services: SmtpServices,
    port: PortOptions,
    admission?: Admission,
  ) {
    super(server, socket, options);
    this.services = services;
    this.port = port;
    this.admission = admission;
    this.site = services.site();
    this.#release = this.site.use();
    this.scope = this.config.macros.child();
    this.abuse = new AbuseCounter(this.config.options);
  }

  /** The library's own greeting waits 100 ms for early talkers; ours waits as long as greet_pause says. */
  override init(): void {
    this._setListeners(() =>
      this.#perform(
        () => this.welcome(),
        () => undefined,
      ),
    );
  }

  /** Everything up to the greeting. */
  welcome(): MaybePromise<void> {
    return connect(this);
  }

  /** The greeting is out: commands are answered from now on, first one that could not wait. */
  open(): void {
    this._ready = true;
    const early = this.#early;
    this.#early = undefined;
    if (early !== undefined) setImmediate(early);
  }

  override _createParser(): SMTPStream {
    const stream = new OctetStream(this);
    stream.on("error", () => this.close());
    return stream;
  }

  get octets(): OctetStream {
    return this._parser as OctetStream;
  }

  get config(): Config {
    return this.site.config;
  }

  get router(): Router {
    return this.site.router;
  }

  get settings(): SessionSettings {
    return this.site.session;
  }

  get hostName(): string {
    return this.settings.hostName;
  }

  get privacy(): ReadonlySet<string> {
    return this.settings.privacy;
  }

  get queuesOnly(): boolean {
    return this.settings.queuesOnly;
  }

  line(text: string, next: () => void, more: boolean): void {
    if (this._upgrading) return next();
    if (this._closing || this._closed) return undefined;
    if (!this._ready) {
      this.#early = () => this.line(text, next, more);
      return undefined;
    }
    if (this.isShuttingDown) return this.finish(replies.shuttingDown(this.hostName));
    const line = text.trimStart();
    const blank = line.search(/[ \t]/);
    const word = (blank < 0 ? line : line.slice(0, blank)).toUpperCase();
    const argument = blank < 0 ? "" : line.slice(blank + 1).trim();
    if (this.services.log.enabled(15)) logTraffic(this, "<--", printable(text));
    const verb = verbs.get(word);
    this.hasMore = more;
    const proceed = (): void => this.proceed(next);
    if (verb === undefined) {
      this.#state = "unknown command";
      if (this.abuse.countBad() === "hang up") return this.finish(replies.tooManyBad(this.hostName));
      this.reply(replies.unrecognized(text));
      return proceed();
    }
    this.#state = word;
    const patience: Patience = this.abuse.count(word);
    if (patience === "hang up") return this.finish(replies.tooManyBad(this.hostName));
    if (patience === 0) return this.#perform(() => verb(this, argument, text), proceed);
    logProbing(this, word);
    return this.run(
      this.pause(patience, () => verb(this, argument, text)),
      proceed,
    );
  }

  lineTooLong(next: () => void): void {
    if (!this._ready) {
      this.#early = () => this.lineTooLong(next);
      return undefined;
    }
    if (this.abuse.countBad() === "hang up") return this.finish(replies.tooManyBad(this.hostName));
    this.reply(replies.lineTooLong);
    return this.proceed(next);
  }

  ended(): void {
    if (!this._closing) logLoss(this, this.#state, "the client closed its side");
    this.close();
  }

  /** Waits for a verb if it has to; a fault of ours ends in 451, never in silence. */
  run(work: MaybePromise<void>, next: () => void): void {
    if (!isPromise(work)) return next();
    this._handlerPending = true;
    void work
      .catch((error: unknown) => this.fault(error))
      .finally(() => {
        this._handlerPending = false;
        if (!this._closed) next();
      });
    return undefined;
  }

  #perform(verb: () => MaybePromise<void>, next: () => void): void {
    let work: MaybePromise<void>;
    try {
      work = verb();
    } catch (error) {
      this.fault(error);
      return next();
    }
    return this.run(work, next);
  }

  /** Does something later, unless the client has gone by then. */
  pause(ms: number, then: () => MaybePromise<void>): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.services.clock.after(ms, () => {
        if (this._closed || this._closing) return resolve();
        try {
          const work = then();
          if (isPromise(work)) void work.then(resolve, reject);
          else resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  fault(error: unknown): void {
    logFault(this, error);
    if (this._ready) this.reply(replies.internalError);
    else this.finish(replies.noGreeting(this.hostName));
  }

  /** Replies of one turn (to pipelined commands) leave in one packet. */
  reply(answer: Reply): void {
    if (this._closing || this._upgrading || this._socket.destroyed) return;
    if (this.#output === "") process.nextTick(() => this.flush());
    this.#output += wireText(answer);
    if (this.services.log.enabled(15)) logTraffic(this, "-->", replyText(answer));
  }

  /** Hands the replies to the socket now. */
  flush(): void {
    const output = this.#output;
    this.#output = "";
    if (output !== "" && this._socket.writable) this._socket.write(output, "latin1");
  }

  /** A last reply, then the connection closes. */
  finish(answer: Reply): void {
    this.reply(answer);
    this.close();
  }

  override close(): void {
    this.flush();
    super.close();
  }

  /** The reply that a verdict asks for, or undefined when it lets the command pass. */
  refusalOf(verdict: Verdict): Reply | undefined {
    return verdict.kind === "refuse" || verdict.kind === "defer" ? verdict.reply : undefined;
  }

  /** Sends a refusal; a 421 of a ruleset closes the connection. */
  refuse(answer: Reply): void {
    if (answer.code === 421) this.finish(answer);
    else this.reply(answer);
  }

  /** RSET, and the end of every transaction. */
  endTransaction(): void {
    this.transaction = undefined;
    this.#dropMessage();
  }

  #dropMessage(): void {
    const { message } = this;
    this.message = undefined;
    message?.abort();
  }

  /** At shutdown: a session that waits for its client is told; one with work under way ends that first. */
  endWhenIdle(): void {
    if (!this._handlerPending && !this.octets.inData) this.finish(replies.shuttingDown(this.hostName));
  }

  get isShuttingDown(): boolean {
    return this._server._closeTimeout !== false;
  }

  /** The library's texts for what it notices itself: the end of the time that close() gives. */
  override send(code: number, text?: string | string[] | null): void {
    if (code === 421) return this.finish(replies.shuttingDown(this.hostName));
    return this.reply({ code, lines: Array.isArray(text) ? text : [text ?? ""] });
  }

  override _onTimeout(): void {
    if (this._closing) {
      this._socket.destroy();
    } else if (this._handlerPending) {
      this.#timeout = -1;
      this._armTimeout();
    } else {
      const during = this.octets.inData ? "message collect" : this.#state;
      logTimeout(this, during);
      this.finish(replies.timeout(this.hostName, during));
    }
  }

  override _armTimeout(socket: Socket = this._socket): void {
    const wait = this.octets.inData ? this.settings.dataTimeout : this.settings.commandTimeout;
    if (socket !== this.#timedSocket) {
      this.#timedSocket = socket;
      socket.on("timeout", () => this._onTimeout());
    } else if (wait === this.#timeout) return;
    this.#timeout = wait;
    socket.setTimeout(wait);
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
    this.#dropMessage();
    if (first) logIdleSession(this);
    this.#release();
  }

  /** Goes on with what the client sent after the command just answered. */
  proceed(next: () => void): void {
    if (this._closing || this._closed) return;
    if (this.isShuttingDown) this.finish(replies.shuttingDown(this.hostName));
    else this._whenWritable(next);
  }
}
