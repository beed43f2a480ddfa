/**
 * One transaction on a connection: MAIL, RCPT for each recipient, DATA, the message; pipelined where the server allows
 * it. Collects replies and judges none beyond what the protocol needs to go on.
 */
import type { Socket } from "node:net";
import type { ClientFailure, SmtpClient, Transaction, TransactionResult } from "./smtp-client.ts";

const END_OF_MESSAGE = Buffer.from(".\r\n");

export class SmtpExchange {
  readonly #client: SmtpClient;
  readonly #transaction: Transaction;
  readonly #lmtp: boolean;
  readonly #resolve: (result: TransactionResult) => void;
  readonly #recipients: (string | undefined)[];
  readonly #final: (string | undefined)[];
  #mail: string | undefined;
  #data: string | undefined;
  #done = false;

  constructor(
    client: SmtpClient,
    transaction: Transaction,
    lmtp: boolean,
    resolve: (result: TransactionResult) => void,
  ) {
    this.#client = client;
    this.#transaction = transaction;
    this.#lmtp = lmtp;
    this.#resolve = resolve;
    this.#recipients = Array.from({ length: transaction.recipients.length });
    this.#final = Array.from({ length: transaction.recipients.length });
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
    const socket = client.socket;
    socket?.cork();
    this.#sendMail(undefined);
    for (let position = 0; position < this.#recipients.length; position++) this.#sendRecipient(position, undefined);
    this.#sendData();
    socket?.uncork();
  }

  #sendMail(next: (() => void) | undefined): void {
    const client = this.#client;
    client.expect((reply) => {
      this.#mail = reply;
      if (next === undefined) client.waitFor("RCPT", client.timeouts.rcpt);
      else if (accepts(reply)) next();
      else this.#finish();
    });
    client.command(
      `MAIL FROM:<${this.#transaction.sender}>${this.#transaction.parameters}`,
      "MAIL",
      client.timeouts.mail,
    );
  }

  #sendRecipient(position: number, next: (() => void) | undefined): void {
    const client = this.#client;
    const { address, parameters } = this.#transaction.recipients[position];
    client.expect((reply) => {
      this.#recipients[position] = reply;
      if (next !== undefined) next();
      else if (position === this.#recipients.length - 1) client.waitFor("DATA", client.timeouts.dataInit);
    });
    const line = `RCPT TO:<${address}>${parameters}`;
    // Pipelined, the clock of MAIL is running until its reply is here.
    if (next === undefined) client.pipelined(line);
    else client.command(line, "RCPT", client.timeouts.rcpt);
  }

  #sendNextRecipient(position: number): void {
    if (position < this.#recipients.length) {
      return this.#sendRecipient(position, () => {
        // 421 closes the connection: the library is about to tell the guard.
        if (!isClosing(this.#recipients[position])) this.#sendNextRecipient(position + 1);
      });
    }
    if (!this.#recipients.some(accepts)) return this.#finish();
    this.#client.waitFor("DATA", this.#client.timeouts.dataInit);
    this.#sendData();
  }

  #sendData(): void {
    const client = this.#client;
    client.expect((reply) => this.#onData(reply));
    client.pipelined("DATA");
  }

  #onData(reply: string): void {
    this.#data = reply;
    const someone = accepts(this.#mail) && this.#recipients.some(accepts);
    if (!reply.startsWith("3")) return this.#finish();
    if (someone) return this.#sendMessage();
    // A server that wants data for nobody: an empty message ends the transaction (RFC 2920 §3.1).
    this.#client.expect(() => this.#finish());
    this.#client.command(".", "end of message", this.#client.timeouts.dataFinal);
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
    const socket = client.socket;
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
    client.waitFor("end of message", client.timeouts.dataFinal);
    if (!this.#lmtp) {
      return client.expect((reply) => {
        for (let position = 0; position < this.#final.length; position++) {
          if (accepts(this.#recipients[position])) this.#final[position] = reply;
        }
        this.#finish();
      });
    }
    // RFC 2033 §4.2: one reply for each accepted recipient, in their order.
    const waiting = this.#recipients.flatMap((reply, position) => (accepts(reply) ? [position] : []));
    waiting.forEach((position, number) => {
      client.expect((reply) => {
        this.#final[position] = reply;
        if (number === waiting.length - 1) this.#finish();
      });
    });
  }

  #finish(failure?: ClientFailure): void {
    if (this.#done) return;
    this.#done = true;
    this.#client.endWait();
    this.#client.needsReset = failure !== undefined || !this.#final.some(accepts);
    this.#resolve({
      recipients: this.#recipients,
      final: this.#final,
      ...(this.#mail === undefined ? {} : { mail: this.#mail }),
      ...(this.#data === undefined ? {} : { data: this.#data }),
      ...(failure === undefined ? {} : { failure }),
    });
  }
}

function accepts(reply: string | undefined): boolean {
  return reply !== undefined && reply.startsWith("2");
}

function isClosing(reply: string | undefined): boolean {
  return reply !== undefined && reply.startsWith("421");
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
