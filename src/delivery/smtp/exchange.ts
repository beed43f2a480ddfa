/**
 * One transaction on a connection: MAIL, RCPT for each recipient, DATA, the message; pipelined where the server allows
 * it. Collects replies and judges none beyond what the protocol needs to go on; one that is no answer to its command
 * ends the connection.
 */
import type { Socket } from "node:net";
import { isClosing, isRefusal, type ReplyKind, replyKind } from "./reply-reader.ts";
import type { ClientFailure } from "./failure.ts";

export interface ClientRecipient {
  /** What stands between < and >. */
  readonly address: string;
  /** "" or " NOTIFY=..." */
  readonly parameters: string;
}

export interface Transaction {
  readonly sender: string;
  /** "" or " SIZE=... BODY=..." */
  readonly parameters: string;
  readonly recipients: readonly ClientRecipient[];
  /** The message, CRLF lines, dots stuffed; in memory or streamed. */
  readonly message: readonly Buffer[] | (() => AsyncIterable<Buffer>);
}

export function mailCommand({ sender, parameters }: Pick<Transaction, "sender" | "parameters">): string {
  return `MAIL FROM:<${sender}>${parameters}`;
}

export function rcptCommand({ address, parameters }: ClientRecipient): string {
  return `RCPT TO:<${address}>${parameters}`;
}

/** Replies are as received: "250 2.1.5 ok", lines joined by \n; octets as latin1. */
export interface TransactionResult {
  readonly mail?: string;
  /** By position in `recipients`; undefined: not answered. */
  readonly recipients: readonly (string | undefined)[];
  /** Reply to DATA. */
  readonly data?: string;
  /** Reply after the final dot, by position; one and the same for SMTP, each recipient's own for LMTP. */
  readonly final: readonly (string | undefined)[];
  /** The whole message has left, with the dot behind it: the server may have taken it, whatever we heard. */
  readonly complete: boolean;
  readonly failure?: ClientFailure;
}

/** What a transaction needs of its connection. */
export interface ExchangeConnection {
  readonly isOpen: boolean;
  readonly failure: ClientFailure | undefined;
  /** EHLO keyword → its parameters. */
  readonly extensions: ReadonlyMap<string, string>;
  readonly socket: Socket | undefined;
  /** Milliseconds for each step. */
  readonly timeouts: Readonly<Record<"mail" | "rcpt" | "dataInit" | "dataBlock" | "dataFinal", number>>;
  /** A reply that has come already; undefined for none. */
  readonly nextReply: string | undefined;
  needsReset: boolean;
  /** Hears each line that is said, where somebody wants to. */
  readonly heard: ((line: string) => void) | undefined;
  expect(action: (reply: string) => void): void;
  guard(onFailure: (failure: ClientFailure) => void): void;
  command(line: string, during: string, timeout: number): void;
  waitFor(during: string, timeout: number): void;
  endWait(): void;
  isInStep(during: string): boolean;
  failLocally(message: string): void;
  failProtocol(reply: string, during: string): void;
  answerTooEarly(reply: string): void;
}

const END_OF_MESSAGE = Buffer.from(".\r\n");
/** Smaller messages are put together: one write of one piece costs less than one of several. */
const IN_ONE_PIECE = 16_384;

export class SmtpExchange {
  readonly #client: ExchangeConnection;
  readonly #transaction: Transaction;
  readonly #lmtp: boolean;
  readonly #resolve: (result: TransactionResult) => void;
  readonly #recipients: (string | undefined)[];
  readonly #final: (string | undefined)[];
  #mail: string | undefined;
  #data: string | undefined;
  #complete = false;
  #done = false;

  constructor(
    client: ExchangeConnection,
    transaction: Transaction,
    lmtp: boolean,
    resolve: (result: TransactionResult) => void,
  ) {
    this.#client = client;
    this.#transaction = transaction;
    this.#lmtp = lmtp;
    this.#resolve = resolve;
    this.#recipients = transaction.recipients.map(() => undefined);
    this.#final = transaction.recipients.map(() => undefined);
  }

  start(): void {
    const client = this.#client;
    if (!client.isOpen) {
      return this.#finish(client.failure ?? { kind: "lost", message: "connection closed", during: "MAIL" });
    }
    client.guard((failure) => this.#finish(failure));
    if (client.extensions.has("PIPELINING")) this.#sendAll();
    else this.#sendMail(() => this.#sendNextRecipient(0));
  }

  // ---- commands -------------------------------------------------------------------------------------------------------

  /** RFC 2920: MAIL, every RCPT and DATA leave together. */
  #sendAll(): void {
    const client = this.#client;
    const { recipients } = this.#transaction;
    this.#expectMail(undefined);
    const lines = [mailCommand(this.#transaction)];
    for (const [position, recipient] of recipients.entries()) {
      this.#expectRecipient(position, undefined);
      lines.push(rcptCommand(recipient));
    }
    lines.push("DATA");
    client.expect((reply) => this.#onData(reply));
    client.command(lines.join("\r\n"), "MAIL", client.timeouts.mail);
  }

  #sendMail(next: () => void): void {
    const client = this.#client;
    this.#expectMail(next);
    client.command(mailCommand(this.#transaction), "MAIL", client.timeouts.mail);
  }

  #expectMail(next: (() => void) | undefined): void {
    const client = this.#client;
    this.#expect("MAIL", (reply, kind) => {
      this.#mail = reply;
      if (next === undefined) client.waitFor("RCPT", client.timeouts.rcpt);
      else if (kind === "yes") next();
      // 421 closes the connection: the library is about to tell the guard.
      else if (!isClosing(reply)) this.#giveUp("MAIL");
    });
  }

  #expectRecipient(position: number, next: (() => void) | undefined): void {
    const client = this.#client;
    this.#expect("RCPT", (reply) => {
      this.#recipients[position] = reply;
      if (next !== undefined) next();
      else if (position === this.#recipients.length - 1) client.waitFor("DATA", client.timeouts.dataInit);
    });
  }

  #sendNextRecipient(position: number): void {
    if (position < this.#recipients.length) {
      this.#expectRecipient(position, () => {
        const reply = this.#recipients[position];
        if (reply === undefined || !isClosing(reply)) this.#sendNextRecipient(position + 1);
      });
      const line = rcptCommand(this.#transaction.recipients[position]);
      return this.#client.command(line, "RCPT", this.#client.timeouts.rcpt);
    }
    if (!this.#recipients.some(accepts)) return this.#giveUp("RCPT");
    this.#client.expect((reply) => this.#onData(reply));
    this.#client.command("DATA", "DATA", this.#client.timeouts.dataInit);
  }

  #onData(reply: string): void {
    if (isRefusal(reply)) {
      this.#data = reply;
      return isClosing(reply) ? undefined : this.#giveUp("DATA");
    }
    // RFC 5321 §4.3.2: 354 and nothing else asks for the message.
    if (!reply.startsWith("354")) return this.#client.failProtocol(reply, "DATA");
    if (!this.#client.isInStep("DATA")) return;
    const someone = this.#recipients.some(accepts);
    // Recipients without a sender: what would it take for whom?
    if (someone && !accepts(this.#mail)) return this.#client.failProtocol(reply, "DATA");
    this.#data = reply;
    if (someone) return this.#sendMessage();
    // A server that wants data for nobody: an empty message ends the transaction (RFC 2920 §3.1).
    this.#expect("end of message", () => this.#finish());
    this.#client.command(".", "end of message", this.#client.timeouts.dataFinal);
  }

  /** The server wants none of it, unless it has said more than it was asked: then the refusal may be about anything. */
  #giveUp(during: string): void {
    if (this.#client.isInStep(during)) this.#finish();
  }

  /** Waits for a reply that says yes or no; anything else is out of step. */
  #expect(during: string, action: (reply: string, kind: ReplyKind) => void): void {
    this.#client.expect((reply) => {
      const kind = replyKind(reply);
      if (kind === "nonsense" || kind === "go on") this.#client.failProtocol(reply, during);
      else action(reply, kind);
    });
  }

  // ---- message ----------------------------------------------------------------------------------------------------------

  #sendMessage(): void {
    const client = this.#client;
    const { message } = this.#transaction;
    client.waitFor("data", client.timeouts.dataBlock);
    if (typeof message === "function") {
      void this.#streamMessage(message());
      return;
    }
    const { socket } = client;
    if (message.reduce((size, piece) => size + piece.length, 0) <= IN_ONE_PIECE) {
      socket?.write(Buffer.concat([...message, END_OF_MESSAGE]));
      return this.#expectFinal();
    }
    socket?.cork();
    for (const piece of message) socket?.write(piece);
    socket?.write(END_OF_MESSAGE);
    this.#expectFinal();
    socket?.uncork();
  }

  async #streamMessage(source: AsyncIterable<Buffer>): Promise<void> {
    const client = this.#client;
    const socket = client.socket;
    try {
      for await (const chunk of source) {
        if (this.#done || socket === undefined || socket.destroyed) return;
        if (!socket.write(chunk)) await drained(socket);
      }
    } catch (error) {
      // No dot: what was sent so far must not be taken for the whole message.
      return client.failLocally(error instanceof Error ? error.message : String(error));
    }
    if (this.#done || socket === undefined || socket.destroyed) return;
    socket.write(END_OF_MESSAGE);
    this.#expectFinal();
  }

  #expectFinal(): void {
    const client = this.#client;
    const during = "end of message";
    this.#complete = true;
    client.heard?.(">>> .");
    client.waitFor(during, client.timeouts.dataFinal);
    if (!this.#lmtp) {
      return this.#expect(during, (reply, kind) => {
        if (this.#isOnItsWay()) return client.answerTooEarly(reply);
        const { nextReply } = client;
        if (nextReply !== undefined && replyKind(nextReply) !== kind && !isClosing(nextReply)) {
          return client.failProtocol(nextReply, during);
        }
        for (let position = 0; position < this.#final.length; position++) {
          if (accepts(this.#recipients[position])) this.#final[position] = reply;
        }
        this.#finish();
      });
    }
    // RFC 2033 §4.2: one reply for each accepted recipient, in their order.
    const waiting = this.#recipients.flatMap((reply, position) => (accepts(reply) ? [position] : []));
    waiting.forEach((position, number) => {
      this.#expect(during, (reply) => {
        if (this.#isOnItsWay()) return client.answerTooEarly(reply);
        this.#final[position] = reply;
        if (number < waiting.length - 1) return;
        const { nextReply } = client;
        if (nextReply === undefined || isClosing(nextReply)) return this.#finish();
        // One reply too many.
        client.failProtocol(nextReply, during);
      });
    });
  }

  /** The dot has not even left this process. */
  #isOnItsWay(): boolean {
    return (this.#client.socket?.writableLength ?? 0) > 0;
  }

  #finish(failure?: ClientFailure): void {
    if (this.#done) return;
    this.#done = true;
    // Out of step: which of the replies so far was about which recipient is not known.
    if (failure?.kind === "protocol") this.#final.fill(undefined);
    this.#client.endWait();
    this.#client.needsReset = failure !== undefined || !this.#final.some(accepts);
    this.#resolve({
      recipients: this.#recipients,
      final: this.#final,
      complete: this.#complete,
      ...(this.#mail === undefined ? {} : { mail: this.#mail }),
      ...(this.#data === undefined ? {} : { data: this.#data }),
      ...(failure === undefined ? {} : { failure }),
    });
  }
}

function accepts(reply: string | undefined): boolean {
  return reply !== undefined && reply.startsWith("2");
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
  });
}
