/**
 * BDAT (RFC 3030): the message in chunks of counted octets, no dot stuffing, no 354.
 *
 * The octets of a chunk follow their command at once, whatever we think of it; a refused chunk is read and thrown away
 * before the refusal is said. Lines still have to end with CRLF: BINARYMIME is not offered.
 */
import type { IncomingMessage } from "../reception/intake.ts";
import { type Reply, reply } from "../mail/reply.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { finishMessage, openMessage } from "./data.ts";
import type { DataConsumer } from "./octet-stream.ts";
import { replies } from "./replies.ts";
import type { SmtpSession } from "./session.ts";

export function bdat(session: SmtpSession, argument: string): MaybePromise<void> {
  const match = /^([0-9]{1,15})(?:[ \t]+(LAST))?$/i.exec(argument);
  // Without a size there is no telling where the next command begins.
  if (match === null) return session.finish(replies.chunkSize);
  const count = Number(match[1]);
  const isLast = match[2] !== undefined;
  return whenReady(messageFor(session), (found) => {
    if (found === undefined) return;
    if ("code" in found.message) {
      session.octets.startChunk(new RefusedChunk(session, found.message), count, true);
    } else {
      session.message = found.message;
      session.octets.startChunk(new Chunk(session, found.message, count, isLast), count, found.isNew);
    }
    session._armTimeout();
  });
}

interface Found {
  readonly message: IncomingMessage | Reply;
  readonly isNew: boolean;
}

function messageFor(session: SmtpSession): MaybePromise<Found | undefined> {
  if (session.message !== undefined) return { message: session.message, isNew: false };
  const { transaction } = session;
  const problem =
    session.refusal ??
    (transaction === undefined
      ? replies.needMail
      : transaction.recipients.length === 0
        ? replies.needRecipient
        : undefined);
  if (problem !== undefined || transaction === undefined) return { message: problem ?? replies.needMail, isNew: true };
  return whenReady(openMessage(session, transaction), (message) => message && { message, isNew: true });
}

class Chunk implements DataConsumer {
  readonly #session: SmtpSession;
  readonly #message: IncomingMessage;
  readonly #count: number;
  readonly #isLast: boolean;

  constructor(session: SmtpSession, message: IncomingMessage, count: number, isLast: boolean) {
    this.#session = session;
    this.#message = message;
    this.#count = count;
    this.#isLast = isLast;
  }

  data(octets: Buffer): MaybePromise<void> {
    return this.#message.write(octets);
  }

  end({ bareLineEnd }: { readonly bareLineEnd: boolean }, next: () => void): void {
    const session = this.#session;
    session._armTimeout();
    if (this.#isLast) return finishMessage(session, this.#message, bareLineEnd, next);
    session.reply(reply(250, "2.0.0", `${this.#count} octets received`));
    return session.proceed(next);
  }
}

/** Reads past the octets of a chunk that is not wanted. The transaction is over then (RFC 3030 §2). */
class RefusedChunk implements DataConsumer {
  readonly #session: SmtpSession;
  readonly #answer: Reply;

  constructor(session: SmtpSession, answer: Reply) {
    this.#session = session;
    this.#answer = answer;
  }

  data(): void {
    // Thrown away.
  }

  end(_facts: { readonly bareLineEnd: boolean }, next: () => void): void {
    this.#session._armTimeout();
    this.#session.endTransaction();
    this.#session.refuse(this.#answer);
    this.#session.proceed(next);
  }
}
