/**
 * Makes SMTP load: N sessions that send messages as fast as the server takes them. Raw sockets and no library, so that
 * it costs little beside the server on the same machine. Not a test: a refused message is counted, not examined.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";

export interface Load {
  readonly port: number;
  readonly host?: string;
  /** Where the connections come from. */
  readonly localAddress?: string;
  /** No message is begun after so many. */
  readonly seconds?: number;
  /** Connections at a time. */
  readonly sessions: number;
  /** Messages in all. */
  readonly messages: number;
  /** Octets of a message, header included. */
  readonly size: number;
  /** Messages on one connection before QUIT. */
  readonly perConnection: number;
  readonly sender: string;
  /** One for all messages, or the next one. */
  readonly recipient: string | (() => string);
  /** Recipients of each message; default 1. */
  readonly recipients?: number;
  /** Said before anything else: the header of a proxy. */
  readonly opening?: string;
  /** Header and body with the final dot, in place of lines that are made up. */
  readonly message?: Buffer;
  /** STARTTLS first: a whole handshake each time, or one with the ticket of an earlier session. */
  readonly tls?: "full" | "resumed";
  /** Groups for the key exchange, as OpenSSL names them; default: the library's, which begin with X25519MLKEM768. */
  readonly groups?: string;
}

export interface LoadResult {
  readonly accepted: number;
  readonly refused: number;
  readonly seconds: number;
  /** Milliseconds from MAIL to the reply after the final dot: median and 99th percentile. */
  readonly median: number;
  readonly p99: number;
  /** The first reply that was not expected, if any. */
  readonly problem?: string;
}

/** Longest time without any reply. */
const PATIENCE_MS = 60_000;

/** Resolves when every message has been accepted or refused. Rejects when the server goes away or stays silent. */
export async function generate(load: Load): Promise<LoadResult> {
  const run = new Run(load);
  const started = performance.now();
  await Promise.all(Array.from({ length: load.sessions }, () => run.session()));
  return run.result((performance.now() - started) / 1000);
}

/** Header and body of `size` octets; lines of 78. */
export function makeMessage(load: Pick<Load, "sender" | "recipient" | "size">): Buffer {
  const to = typeof load.recipient === "string" ? load.recipient : "undisclosed@recipient.test";
  const header = `From: <${load.sender}>\r\nTo: <${to}>\r\nSubject: load\r\n\r\n`;
  const line = `${"0123456789".repeat(8).slice(0, 76)}\r\n`;
  const lines = Math.max(1, Math.floor((load.size - header.length) / line.length));
  return Buffer.from(`${header}${line.repeat(lines)}.\r\n`, "latin1");
}

class Run {
  readonly #load: Load;
  readonly #message: Buffer;
  readonly #latencies: number[] = [];
  #left: number;
  readonly #end: number;
  #accepted = 0;
  #refused = 0;
  #problem: string | undefined;
  readonly #context: SecureContext | undefined;
  #ticket: Buffer | undefined;

  constructor(load: Load) {
    this.#load = load;
    if (load.tls !== undefined) this.#context = createSecureContext({ ecdhCurve: load.groups ?? "auto" });
    this.#left = load.messages;
    this.#end = performance.now() + (load.seconds ?? Infinity) * 1000;
    this.#message = load.message ?? makeMessage(load);
  }

  /** Opens one connection after the other until no message is left. */
  async session(): Promise<void> {
    while (this.#isOn) await this.#connection();
  }

  get #isOn(): boolean {
    return this.#left > 0 && performance.now() < this.#end;
  }

  result(seconds: number): LoadResult {
    const sorted = Float64Array.from(this.#latencies).toSorted();
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return {
      accepted: this.#accepted,
      refused: this.#refused,
      seconds,
      median: at(0.5),
      p99: at(0.99),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }

  async #connection(): Promise<void> {
    const { port, host = "127.0.0.1", localAddress, sender, recipient, recipients = 1, perConnection } = this.#load;
    const dialogue = new Dialogue(connect({ port, host, localAddress, noDelay: true }));
    try {
      const { opening } = this.#load;
      await (opening === undefined ? dialogue.reply() : dialogue.command(opening));
      await dialogue.command("EHLO generator.test\r\n");
      if (this.#load.tls !== undefined) {
        await dialogue.command("STARTTLS\r\n");
        await dialogue.encrypt(
          this.#context!,
          this.#load.tls === "full" ? undefined : this.#ticket,
          (ticket) => (this.#ticket = ticket),
        );
        await dialogue.command("EHLO generator.test\r\n");
      }
      for (let sent = 0; sent < perConnection && this.#isOn; sent++) {
        this.#left--;
        const began = performance.now();
        const replies = [await dialogue.command(`MAIL FROM:<${sender}>\r\n`)];
        for (let i = 0; i < recipients; i++) {
          const to = typeof recipient === "function" ? recipient() : numbered(recipient, i);
          replies.push(await dialogue.command(`RCPT TO:<${to}>\r\n`));
        }
        const answer = await dialogue.command("DATA\r\n");
        replies.push(answer);
        const last = answer.startsWith("354") ? await dialogue.command(this.#message) : answer;
        if (last.startsWith("250")) this.#accepted++;
        else {
          this.#refused++;
          this.#problem ??= replies.find((reply) => !/^[23]/.test(reply)) ?? last;
          await dialogue.command("RSET\r\n");
        }
        this.#latencies.push(performance.now() - began);
      }
      await dialogue.command("QUIT\r\n");
    } finally {
      dialogue.close();
    }
  }
}

/** Recipients of one message are different ones: 2user@sink.test. */
function numbered(recipient: string, number: number): string {
  return number === 0 ? recipient : `${number}${recipient}`;
}

/** Sends and waits for the reply; knows nothing of SMTP but the form of replies. */
class Dialogue {
  #socket: Socket;
  #received = "";
  #waiting: { readonly resolve: (reply: string) => void; readonly reject: (error: Error) => void } | undefined;
  #error: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  /** The handshake; with a ticket a short one. */
  async encrypt(
    secureContext: SecureContext,
    ticket: Buffer | undefined,
    keep: (ticket: Buffer) => void,
  ): Promise<void> {
    const plain = this.#socket;
    plain.removeAllListeners();
    plain.setTimeout(0);
    const session = ticket === undefined ? {} : { session: ticket };
    const socket = connectTls({ socket: plain, secureContext, rejectUnauthorized: false, ...session });
    socket.on("session", keep);
    await once(socket, "secureConnect");
    this.#socket = socket;
    this.#listen(socket);
  }

  #listen(socket: Socket): void {
    socket.setEncoding("latin1");
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error("the server stays silent")));
    socket.on("data", (text: string) => {
      this.#received += text;
      this.#deliver();
    });
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the server closed the connection")));
  }

  command(octets: string | Buffer): Promise<string> {
    this.#socket.write(octets);
    return this.reply();
  }

  reply(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.#error) this.#fail(this.#error);
      else this.#deliver();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #deliver(): void {
    if (!this.#waiting) return;
    const end = endOfReply(this.#received);
    if (end === -1) return;
    const reply = this.#received.slice(0, end);
    this.#received = this.#received.slice(end);
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve(reply);
  }

  #fail(error: Error): void {
    this.#error = error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

/** Index behind the last line of a reply ("250-..." goes on, "250 ..." ends), or -1. */
function endOfReply(text: string): number {
  for (let start = 0; ;) {
    const end = text.indexOf("\r\n", start);
    if (end === -1) return -1;
    if (text[start + 3] !== "-") return end + 2;
    start = end + 2;
  }
}
