/**
 * How a message enters, whoever brings it: an SMTP session, `sendmail -t`, a report of our own. The same steps for
 * all of them: octets in, header read and completed, body to the queue, durable, then delivery.
 */
import type { Reply } from "../mail/reply.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { Transaction } from "./transaction.ts";

export interface IncomingMessage {
  readonly id: string;
  /**
   * Octets of the message: header, empty line, body; CRLF lines without dot stuffing, in chunks of any size.
   * The chunk is kept. A promise means: wait before writing more.
   */
  write(chunk: Buffer): MaybePromise<void>;
  /**
   * The end of the message: checks it, makes it durable, starts delivery. Always resolves with the reply to give:
   * 250 2.0.0 ID Message accepted for delivery; 452 when the queue cannot take it; 552 too large; 554 5.4.6 too many
   * hops; 5xx/4xx from header and end-of-message checks.
   */
  finish(): Promise<Reply>;
  /** The sender went away in the middle: drops everything. */
  abort(): void;
}

export interface Intake {
  /**
   * A queue id for a message that is announced: filters want to know it before the message comes. Kept in the transaction
   * (`id`), it is that of the message; else the message gets one of its own when it begins.
   */
  reserve?(): MaybePromise<string>;
  /**
   * @param transaction with its recipients; its site is held until the message is finished or aborted
   *
   * Rejects with QueueUnavailableError when the queue cannot take a message at all.
   */
  begin(transaction: Transaction): MaybePromise<IncomingMessage>;
}
