/**
 * An SMTP or LMTP server for tests, on a free port of loopback (or a unix socket): takes every message and keeps it,
 * unless its script says otherwise for a command.
 *
 *   await using sink = await SmtpSink.start({ reply: ({ verb }) => (verb === "RCPT" ? "550 5.1.1 no" : undefined) });
 *   sink.port, sink.messages, sink.commands
 */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createSecureContext, type SecureContext, type TlsOptions, TLSSocket } from "node:tls";
import { TEST_CERTIFICATE, TEST_KEY } from "./certificate.ts";

export interface SinkCommand {
  /** "CONNECT" for the greeting, "MAIL", "DATA", "." for the end of a message ... */
  readonly verb: string;
  /** The line as received (latin1). */
  readonly line: string;
  /** Counts connections from 0. */
  readonly connection: number;
  /** For LMTP replies after the message: which recipient. */
  readonly recipient?: string;
}

/** A reply ("250 ok", several lines joined by \n), or what else happens. */
export type SinkReply = string | { readonly reply?: string; readonly delay?: number; readonly drop?: boolean };

export interface SinkScript {
  /** EHLO keywords; default PIPELINING, 8BITMIME, DSN, SIZE. */
  readonly extensions?: readonly string[];
  readonly lmtp?: boolean;
  /** What to answer; undefined: accept. */
  readonly reply?: (command: SinkCommand) => SinkReply | undefined;
  /** Name in the greeting. */
  readonly name?: string;
  /** Unix socket instead of a port. */
  readonly path?: string;
  readonly host?: string;
  /** Certificate and key, versions, whether a client certificate is asked for; default: TEST_CERTIFICATE. */
  readonly tls?: TlsOptions;
  /** The handshake comes before the greeting. */
  readonly tlsFirst?: boolean;
}

export interface SinkMessage {
  readonly sender: string;
  /** What followed MAIL FROM:<...>. */
  readonly parameters: string;
  readonly recipients: readonly string[];
  readonly recipientParameters: readonly string[];
  /** As sent, dots taken away again, with the final line end. */
  readonly data: string;
  readonly connection: number;
  readonly encrypted: boolean;
  /** The handshake was a short one. */
  readonly resumed: boolean;
  /** Common name of the client's certificate. */
  readonly clientName?: string;
}

export class SmtpSink {
  readonly messages: SinkMessage[] = [];
  /** Every command line of every connection, in the order they came. */
  readonly commands: string[] = [];
  connections = 0;
  /** Hears the address and port of each client. */
  onConnect: (address: string, port: number) => void = () => undefined;
  /** One for all connections: tickets of one are taken by the next. */
  readonly secureContext: SecureContext;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #waiting: { count: number; resolve: () => void }[] = [];
  script: SinkScript;

  private constructor(server: Server, script: SinkScript) {
    this.#server = server;
    this.script = script;
    this.secureContext = createSecureContext({ key: TEST_KEY, cert: TEST_CERTIFICATE, ...script.tls });
  }

  /** @param port 0 for a free one */
  static start(script: SinkScript = {}, port = 0): Promise<SmtpSink> {
    const server = createServer({ noDelay: true });
    const sink = new SmtpSink(server, script);
    server.on("connection", (socket) => sink.#accept(socket));
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      const done = () => resolve(sink);
      if (script.path !== undefined) server.listen(script.path, done);
      else server.listen(port, script.host ?? "127.0.0.1", done);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves when this many messages have come. */
  received(count: number): Promise<void> {
    if (this.messages.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  /** Closes every open connection without a word, as a peer that dies. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.dropConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** For sessions. */
  take(message: SinkMessage): void {
    this.messages.push(message);
    for (const each of this.#waiting) if (this.messages.length >= each.count) each.resolve();
  }

  #accept(socket: Socket): void {
    this.onConnect(socket.remoteAddress ?? "", socket.remotePort ?? 0);
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    new SinkSession(this, socket, this.connections++).start();
  }
}

const DEFAULT_EXTENSIONS = ["PIPELINING", "8BITMIME", "SIZE", "DSN", "ENHANCEDSTATUSCODES"];

class SinkSession {
  readonly #sink: SmtpSink;
  readonly #number: number;
  #socket: Socket;
  #buffer = "";
  #encrypted = false;
  #sender: string | undefined;
  #parameters = "";
  #recipients: { address: string; parameters: string }[] = [];
  #data: string[] | undefined;
  /** An exchange of AUTH is going on: lines are no commands. */
  #inAuth = false;
  /** Commands are answered one after another, delays included. */
  #busy = false;
  #ended = false;

  constructor(sink: SmtpSink, socket: Socket, number: number) {
    this.#sink = sink;
    this.#socket = socket;
    this.#number = number;
  }

  start(): void {
    if (this.#sink.script.tlsFirst === true) this.#encrypt();
    else this.#listen();
    void this.#answer("CONNECT", "", `220 ${this.#sink.script.name ?? "sink.test"} ESMTP`).then(() => this.#next());
  }

  #listen(): void {
    this.#socket.on("error", () => undefined);
    this.#socket.on("data", (chunk: Buffer) => {
      this.#buffer += chunk.toString("latin1");
      this.#next();
    });
  }

  #next(): void {
    while (!this.#busy && !this.#ended) {
      const end = this.#buffer.indexOf("\r\n");
      if (end < 0) return;
      const line = this.#buffer.slice(0, end);
      this.#buffer = this.#buffer.slice(end + 2);
      if (this.#data !== undefined && line !== ".") this.#data.push(line.startsWith(".") ? line.slice(1) : line);
      else void this.#handle(line);
    }
  }

  async #handle(line: string): Promise<void> {
    this.#busy = true;
    try {
      if (this.#data !== undefined) await this.#endOfMessage();
      else await this.#command(line);
    } finally {
      this.#busy = false;
    }
    this.#next();
  }

  async #command(line: string): Promise<void> {
    this.#sink.commands.push(line);
    const verb = this.#inAuth ? "AUTH" : line.split(" ", 1)[0].toUpperCase();
    const { script } = this.#sink;
    switch (verb) {
      case "AUTH":
        this.#inAuth = (await this.#answer(verb, line, "235 2.7.0 welcome")) === "3";
        return;
      case "EHLO":
      case "LHLO": {
        const lines = [script.name ?? "sink.test", ...(script.extensions ?? DEFAULT_EXTENSIONS)];
        const offered = this.#encrypted ? lines.filter((each) => each !== "STARTTLS") : lines;
        await this.#answer(verb, line, `250 ${offered.join("\n")}`);
        return;
      }
      case "STARTTLS":
        if (await this.#answer(verb, line, "220 go ahead")) this.#encrypt();
        return;
      case "MAIL": {
        const [, sender = "", parameters = ""] = /^MAIL FROM:<(.*)>(.*)$/i.exec(line) ?? [];
        if (this.#sender !== undefined) await this.#answer(verb, line, "503 5.5.1 sender already given");
        else if (await this.#answer(verb, line, "250 2.1.0 sender ok")) {
          this.#sender = sender;
          this.#parameters = parameters;
        }
        return;
      }
      case "RCPT": {
        const [, address = "", parameters = ""] = /^RCPT TO:<(.*)>(.*)$/i.exec(line) ?? [];
        const usual = this.#sender === undefined ? "503 5.5.1 MAIL first" : "250 2.1.5 recipient ok";
        if (await this.#answer(verb, line, usual)) this.#recipients.push({ address, parameters });
        return;
      }
      case "DATA": {
        const usual = this.#recipients.length === 0 ? "503 5.5.1 RCPT first" : "354 go on";
        if (await this.#answer(verb, line, usual)) this.#data = [];
        return;
      }
      case "RSET":
        this.#reset();
        await this.#answer(verb, line, "250 2.0.0 reset");
        return;
      case "QUIT":
        await this.#answer(verb, line, "221 2.0.0 bye");
        this.#end();
        return;
      default:
        await this.#answer(verb, line, "250 2.0.0 ok");
    }
  }

  async #endOfMessage(): Promise<void> {
    const data = this.#data ?? [];
    this.#data = undefined;
    let accepted = false;
    const number = this.#sink.messages.length + 1;
    if (this.#sink.script.lmtp === true) {
      for (const { address } of this.#recipients) {
        if (await this.#answer(".", ".", `250 2.1.5 <${address}> stored`, address)) accepted = true;
      }
    } else accepted = (await this.#answer(".", ".", `250 2.0.0 ok queued as ${number}`)) !== "";
    if (accepted) {
      this.#sink.take({
        sender: this.#sender ?? "",
        parameters: this.#parameters,
        recipients: this.#recipients.map(({ address }) => address),
        recipientParameters: this.#recipients.map(({ parameters }) => parameters),
        data: data.map((line) => `${line}\r\n`).join(""),
        connection: this.#number,
        encrypted: this.#encrypted,
        ...this.#handshake(),
      });
    }
    this.#reset();
  }

  /** Sends what the script or the usual course says; the first digit when that was a yes, "3" for what asks for more. */
  async #answer(verb: string, line: string, usual: string, recipient?: string): Promise<"" | "2" | "3"> {
    const command = { verb, line, connection: this.#number, ...(recipient === undefined ? {} : { recipient }) };
    const scripted = this.#sink.script.reply?.(command) ?? usual;
    const { reply, delay = 0, drop = false } = typeof scripted === "string" ? { reply: scripted } : scripted;
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    if (reply !== undefined) this.#socket.write(asLines(reply), "latin1");
    if (drop) this.#end();
    if (reply?.startsWith("421")) this.#end();
    return reply?.startsWith("2") === true ? "2" : reply?.startsWith("3") === true ? "3" : "";
  }

  #end(): void {
    this.#ended = true;
    this.#socket.end();
  }

  #reset(): void {
    this.#sender = undefined;
    this.#recipients = [];
    this.#data = undefined;
  }

  #handshake(): Pick<SinkMessage, "resumed" | "clientName"> {
    if (!(this.#socket instanceof TLSSocket)) return { resumed: false };
    const subject = this.#socket.getPeerCertificate().subject as { readonly CN?: string } | undefined;
    const resumed = this.#socket.isSessionReused();
    return subject?.CN === undefined ? { resumed } : { resumed, clientName: subject.CN };
  }

  #encrypt(): void {
    const plain = this.#socket;
    plain.removeAllListeners("data");
    this.#buffer = "";
    this.#encrypted = true;
    this.#reset();
    const { tls = {} } = this.#sink.script;
    this.#socket = new TLSSocket(plain, {
      isServer: true,
      secureContext: this.#sink.secureContext,
      requestCert: tls.requestCert === true,
      rejectUnauthorized: false,
    });
    this.#listen();
  }
}

/** "250 a\nb" → "250-a", "250 b". */
function asLines(reply: string): string {
  const code = reply.slice(0, 3);
  const texts = reply.slice(4).split("\n");
  return texts.map((text, index) => `${code}${index === texts.length - 1 ? " " : "-"}${text}\r\n`).join("");
}
