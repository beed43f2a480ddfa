/**
 * One SMTP conversation: its state, and the way from a line of the client to the verb that answers it.
 *
 * The library's connection keeps the socket's life (listeners, TLS upgrade, half-close, timeouts); which commands exist
 * and what they answer is ours. Every verb is a function in a file of its own; the table is verbs.ts.
 */
import type { Socket } from "node:net";
import type { SMTPServer } from "smtp-server";
import { SMTPConnection, type SMTPConnectionOptions } from "smtp-server/lib/smtp-connection.js";
import type { SMTPStream } from "smtp-server/lib/smtp-stream.js";
import type { Config, PortOptions } from "../config/config.ts";
import { type Reply, replyText } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { macroValue } from "../rewriting/macro-value.ts";
import type { Router } from "../routing/router.ts";
import type { Verdict } from "../routing/verdict.ts";
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";
import { AbuseCounter } from "./abuse-limits.ts";
import { connect } from "./connect.ts";
import { type LineConsumer, OctetStream } from "./octet-stream.ts";
import { printable, replies, wireText } from "./replies.ts";
import type { ClientIdentity, SmtpServices, Transaction } from "./services.ts";
import { verbs } from "./verbs.ts";

export class SmtpSession extends SMTPConnection implements LineConsumer {
  readonly services: SmtpServices;
  readonly port: PortOptions;
  /** As it was when the session began. */
  readonly config: Config;
  readonly router: Router;
  /** Macros of this session: {client_addr}, $s, $r ... */
  readonly scope: MacroScope;
  readonly hostName: string;
  readonly abuse: AbuseCounter;
  client: ClientIdentity = { name: "", ptr: "", resolve: "FAIL" };
  /** Name given in HELO or EHLO. */
  helo: string | undefined;
  isEsmtp = false;
  /** Reply to everything that moves mail, when the connection was refused (check_relay, greet_pause). */
  refusal: Reply | undefined;
  /** Letters of srv_features: lower case offers, upper case takes away. */
  features = "";
  transaction: Transaction | undefined;
  #state = "greeting";
  #uncorking = false;

  constructor(
    server: SMTPServer,
    socket: Socket,
    options: SMTPConnectionOptions | null | undefined,
    services: SmtpServices,
    port: PortOptions,
  ) {
    super(server, socket, options);
    this.services = services;
    this.port = port;
    this.config = services.config();
    this.router = services.routerOf(this.config);
    this.scope = this.config.macros.child();
    this.hostName = macroValue("j", this.scope);
    this.abuse = new AbuseCounter(this.config.options);
  }

  /** The library's own greeting waits 100 ms for early talkers; ours waits as long as greet_pause says. */
  override init(): void {
    this._setListeners(() => this.run(connect(this), () => undefined));
  }

  override _createParser(): SMTPStream {
    const stream = new OctetStream(this);
    stream.on("error", () => this.close());
    return stream;
  }

  get octets(): OctetStream {
    return this._parser as OctetStream;
  }

  /** What the session is doing, for timeout replies and the process status. */
  set state(state: string) {
    this.#state = state;
  }

  line(text: string, next: () => void): void {
    if (this._upgrading) return next();
    if (this.isShuttingDown) return this.finish(replies.shuttingDown(this.hostName));
    const blank = text.search(/[ \t]/);
    const word = (blank < 0 ? text : text.slice(0, blank)).toUpperCase();
    const argument = blank < 0 ? "" : text.slice(blank + 1).trim();
    if (this.services.log.enabled(15)) {
      this.services.log.write(15, { priority: "info", text: `<-- ${printable(text)}` });
    }
    const verb = verbs.get(word);
    this.#state = verb === undefined ? "unknown command" : word;
    const tooMany = this.abuse.count(verb === undefined ? "bad" : word);
    if (tooMany) return this.finish(replies.tooManyBad(this.hostName));
    if (verb === undefined) {
      this.reply(replies.unrecognized(text));
      return this.#proceed(next);
    }
    this.run(verb(this, argument, text), () => this.#proceed(next));
    return undefined;
  }

  lineTooLong(next: () => void): void {
    if (this.abuse.count("bad")) return this.finish(replies.tooManyBad(this.hostName));
    this.reply(replies.lineTooLong);
    return this.#proceed(next);
  }

  /** Waits for a verb if it has to; a fault of ours ends in 451, never in silence. */
  run(work: MaybePromise<void>, next: () => void): void {
    if (!isPromise(work)) return next();
    this._handlerPending = true;
    work
      .catch((error: unknown) => this.fault(error))
      .finally(() => {
        this._handlerPending = false;
        if (!this._closed) next();
      });
    return undefined;
  }

  fault(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.services.log.write(1, { priority: "crit", text: `SYSERR: ${text.replaceAll("\n", " ")}` });
    this.reply(replies.internalError);
  }

  reply(answer: Reply): void {
    const socket = this._socket;
    if (this._upgrading || socket.destroyed || !socket.writable) return;
    // Replies to pipelined commands leave in one packet.
    if (!this.#uncorking) {
      this.#uncorking = true;
      socket.cork();
      process.nextTick(() => {
        this.#uncorking = false;
        socket.uncork();
      });
    }
    socket.write(wireText(answer), "latin1");
    if (this.services.log.enabled(15)) {
      this.services.log.write(15, { priority: "info", text: `--> ${replyText(answer)}` });
    }
  }

  /** A last reply, then the connection closes. */
  finish(answer: Reply): void {
    this.reply(answer);
    this.close();
  }

  /** The reply that a verdict asks for, or undefined when it lets the command pass. 421 also ends the session. */
  refusalOf(verdict: Verdict): Reply | undefined {
    return verdict.kind === "refuse" || verdict.kind === "defer" ? verdict.reply : undefined;
  }

  /** Sends a refusal; a 421 of a ruleset closes the connection. */
  refuse(answer: Reply): void {
    if (answer.code === 421) this.finish(answer);
    else this.reply(answer);
  }

  /** `relay=` of log lines: "host [address]". */
  get relay(): string {
    const { name } = this.client;
    const address = `[${this.remoteAddress}]`;
    return name === "" || name === address ? address : `${name} ${address}`;
  }

  logRejection(ruleset: string, argument: string, answer: Reply): void {
    this.services.log.write(4, {
      priority: "notice",
      text: `ruleset=${ruleset}, arg1=${printable(argument)}, relay=${this.relay}, reject=${replyText(answer)}`,
      fields: () => ({ ruleset, arg1: argument, relay: this.relay, reject: replyText(answer) }),
    });
  }

  /** RSET, and the end of every transaction. */
  endTransaction(): void {
    this.transaction = undefined;
  }

  /** At shutdown: a session that waits for its client is told; one with a message under way may end it first. */
  endWhenIdle(): void {
    if (!this._handlerPending && !this.octets.inData) this.finish(replies.shuttingDown(this.hostName));
  }

  get isShuttingDown(): boolean {
    return this._server._closeTimeout !== false;
  }

  /** The library's texts for what it notices itself. */
  override send(code: number, text?: string | string[] | null): void {
    const lines = Array.isArray(text) ? text : [text ?? ""];
    const answer = code === 421 && /shutting down/i.test(lines[0]) ? replies.shuttingDown(this.hostName) : undefined;
    this.reply(answer ?? { code, lines });
    if (code === 421) this.close();
  }

  override _onTimeout(): void {
    if (this._closing) {
      this._socket.destroy();
    } else if (this._handlerPending) {
      this._armTimeout();
    } else {
      this.services.log.write(2, {
        priority: "notice",
        text: `timeout waiting for input from ${this.relay} during ${this.#state}`,
      });
      this.finish(replies.timeout(this.hostName, this.#state));
    }
  }

  override _armTimeout(socket: Socket = this._socket): void {
    const { options } = this.config;
    const wait = this.octets.inData ? options.timeout("datablock") : options.timeout("command");
    socket.setTimeout(wait, () => this._onTimeout());
  }

  /** Nothing of the library's per-transaction state is used. */
  override _resetSession(): void {
    this.endTransaction();
  }

  override _onError(error: Error): void {
    if (this.transaction !== undefined) {
      this.services.log.write(2, {
        priority: "notice",
        text: `lost input channel from ${this.relay}: ${error.message}`,
      });
    }
    this.close();
  }

  override _onClose(): void {
    super._onClose();
    this.onGone?.();
    this.onGone = undefined;
  }

  /** Called once when the client goes away: a message under way is dropped. */
  onGone: (() => void) | undefined;

  #proceed(next: () => void): void {
    if (this._closing || this._closed) return;
    this._whenWritable(next);
  }
}
