/** An SMTP client that does what a test says: sends octets as they are and waits for whole replies. */
import { connect as connectSocket, type Socket } from "node:net";

/** How long a reply may take before a test gives up; never waited for when all is well. */
const PATIENCE = 10_000;

export class SmtpDialogue {
  #socket: Socket;
  #received = "";
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  /**
   * Connects, without waiting for the greeting.
   * @param from the client's own address; the loopback's usual one is trusted by many configurations
   */
  static open(port: number, host = "127.0.0.1", from?: string): Promise<SmtpDialogue> {
    const own = from === undefined ? {} : { localAddress: from };
    return SmtpDialogue.#over(connectSocket({ port, host, allowHalfOpen: true, ...own }));
  }

  /** Connects to a unix socket. */
  static openPath(path: string): Promise<SmtpDialogue> {
    return SmtpDialogue.#over(connectSocket({ path, allowHalfOpen: true }));
  }

  static async #over(socket: Socket): Promise<SmtpDialogue> {
    socket.setNoDelay(true);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new SmtpDialogue(socket);
  }

  #listen(socket: Socket): void {
    socket.on("data", (octets: Buffer) => {
      this.#received += octets.toString("latin1");
      this.#wake?.();
    });
    const ended = (): void => {
      this.#closed = true;
      this.#wake?.();
    };
    socket.on("end", ended).on("close", ended).on("error", ended);
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** Goes on over another socket (after a TLS handshake). */
  replaceSocket(socket: Socket): void {
    this.#socket = socket;
    this.#received = "";
    this.#listen(socket);
  }

  /** Octets as they are, no line end added. Resolves when the kernel has taken them. */
  raw(octets: string | Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.write(typeof octets === "string" ? Buffer.from(octets, "latin1") : octets, () => resolve());
    });
  }

  /** The next whole reply, lines joined by "\n" without CR; "" when the server has closed. */
  async reply(): Promise<string> {
    for (;;) {
      const match = /^(?:[0-9]{3}-[^\n]*\n)*[0-9]{3}(?: [^\n]*)?\r\n/.exec(this.#received);
      if (match !== null) {
        this.#received = this.#received.slice(match[0].length);
        return match[0].replaceAll("\r", "").trimEnd();
      }
      if (this.#closed) return "";
      await this.#more();
    }
  }

  /** Sends a command line and waits for its reply. */
  async ask(line: string): Promise<string> {
    void this.raw(`${line}\r\n`);
    return this.reply();
  }

  /** A script of lines: what is sent, each with the reply that comes back. For comparing with `toEqual`. */
  async script(...lines: string[]): Promise<string[]> {
    const replies: string[] = [];
    for (const line of lines) replies.push(await this.ask(line));
    return replies;
  }

  /** Everything up to the end of the connection. */
  async rest(): Promise<string> {
    while (!this.#closed) await this.#more();
    const rest = this.#received;
    this.#received = "";
    return rest;
  }

  /** Says that nothing more will be sent. */
  half(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #more(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no reply; have ${JSON.stringify(this.#received)}`)), PATIENCE);
      this.#wake = () => {
        this.#wake = undefined;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Lets the event loop turn until something is true; fails after the patience is over. */
export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`never became true: ${condition.toString()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
