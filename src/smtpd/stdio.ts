/**
 * `sendmail -bs`: the same conversation on standard input and output, for programs that start a server of their own
 * (mail readers, inetd). The client is a user of this machine, so nobody asks check_relay about it.
 */
import type { Socket } from "node:net";
import { Duplex, type Readable, type Writable } from "node:stream";
import type { PortOptions } from "../config/config.ts";
import type { MaybeAnswer } from "./answer.ts";
import { greet, offerFeatures, setDaemonMacros } from "./connect.ts";
import { whenReady } from "../sys/maybe-promise.ts";
import { RuleServer } from "./server.ts";
import type { SmtpServices } from "./services.ts";
import { SmtpSession } from "./session.ts";

export interface StdioStreams {
  readonly input: Readable;
  readonly output: Writable;
  /** Name of the user who started the program. */
  readonly user: string;
}

/** No listener: no name, no address, no modifiers. */
const noPort: PortOptions = {
  name: "",
  family: "local",
  address: "",
  port: 0,
  modifiers: new Set(),
  listen: 0,
  extra: new Map(),
};

/**
 * Serves one session.
 * @returns the exit status, when the client has said QUIT, has closed its side, or was sent away
 */
export function serveStdio(services: SmtpServices, streams: StdioStreams): Promise<number> {
  const server = new RuleServer(services, noPort, {});
  const socket = new StdioSocket(streams.input, streams.output);
  const session = new StdioSession(server, socket as unknown as Socket, services, streams.user);
  server.connections.add(session);
  return new Promise((resolve) => {
    socket.once("close", () => resolve(0));
    session.init();
  });
}

class StdioSession extends SmtpSession {
  readonly #user: string;
  readonly #streams: Socket;

  constructor(server: RuleServer, socket: Socket, services: SmtpServices, user: string) {
    super(server, socket, null, services, noPort);
    this.#user = user;
    this.#streams = socket;
  }

  override welcome(): MaybeAnswer {
    const { scope } = this;
    this.whole.client.relay = `${this.#user}@localhost`;
    // What sendmail sets here: rulesets know by the address 0 that the mail begins on this machine.
    scope.set("client_addr", "0");
    scope.set("client_port", "0");
    scope.set("s", "localhost");
    scope.set("_", this.relay);
    setDaemonMacros(this, "c u");
    return whenReady(offerFeatures(this, this.relay), () => greet(this));
  }

  /** Both sides are ours: when the last reply is out, nothing remains to be waited for. */
  override close(): void {
    super.close();
    const socket = this.#streams;
    if (socket.writableFinished) socket.destroy();
    else socket.once("finish", () => socket.destroy());
  }
}

/** Two streams that look like one socket, as far as the session asks. */
class StdioSocket extends Duplex {
  readonly #input: Readable;
  readonly #output: Writable;
  #timer: NodeJS.Timeout | undefined;

  constructor(input: Readable, output: Writable) {
    super({ allowHalfOpen: true });
    this.#input = input;
    this.#output = output;
    input.on("data", this.#onData);
    input.once("end", this.#onEnd);
    input.on("error", this.#onError);
    output.on("error", this.#onError);
  }

  readonly #onData = (octets: Buffer): void => {
    this.#timer?.refresh();
    if (!this.push(octets)) this.#input.pause();
  };

  readonly #onEnd = (): void => {
    this.push(null);
  };

  readonly #onError = (error: Error): void => {
    this.destroy(error);
  };

  override _read(): void {
    this.#input.resume();
  }

  override _write(octets: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#output.write(octets, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#input.off("data", this.#onData).off("end", this.#onEnd).pause();
    done(error);
  }

  /** As on a socket: emits "timeout" after so many ms without input; 0 for never. */
  setTimeout(ms: number): this {
    clearTimeout(this.#timer);
    this.#timer = ms > 0 ? setTimeout(() => this.emit("timeout"), Math.min(ms, 2_147_483_647)) : undefined;
    return this;
  }
}
