/**
 * BDAT (RFC 3030): the message in chunks of counted octets, no dot stuffing, no 354.
 *
 * The octets of a chunk follow their command at once, whatever we think of it; a refused chunk is read and thrown away
 * before the refusal is said. Lines still have to end with CRLF, but for parts of messages with BODY=BINARYMIME.
 */
import { type Reply, reply } from "../mail/reply.ts";
import type { IncomingMessage } from "../reception/intake.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { MaybeAnswer } from "./answer.ts";
import { BinaryMessage } from "./binary-message.ts";
import type { Conversation } from "./conversation.ts";
import { finishMessage, openMessage } from "./data.ts";
import type { DataFacts } from "./data-scanner.ts";
import type { DataConsumer } from "./octet-stream.ts";
import { replies } from "./replies.ts";

export function bdat(session: Conversation, argument: string): MaybeAnswer {
  const match = /^([0-9]{1,15})(?:[ \t]+(LAST))?$/i.exec(argument);
  // Without a size there is no telling where the next command begins.
  if (match === null) return { last: replies.chunkSize };
  const count = Number(match[1]);
  const isLast = match[2] !== undefined;
  return whenReady(messageFor(session), (found) => {
    if (found === undefined) return undefined;
    const { message, isNew } = found;
    if ("code" in message) {
      return { begin: () => session.readChunk(new RefusedChunk(session, message), count, true) };
    }
    session.receive(message);
    return { begin: () => session.readChunk(new Chunk(session, message, count, isLast), count, isNew) };
  });
}

interface Found {
  readonly message: IncomingMessage | Reply;
  readonly isNew: boolean;
}

function messageFor(session: Conversation): MaybePromise<Found | undefined> {
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
  return whenReady(openMessage(session, transaction), (opened) => {
    if (opened === undefined) return undefined;
    const isBinary = transaction.announced.isBinary === true && !("code" in opened);
    return { message: isBinary ? new BinaryMessage(opened, session.settings.hostName) : opened, isNew: true };
  });
}

class Chunk implements DataConsumer {
  readonly #session: Conversation;
  readonly #message: IncomingMessage;
  readonly #count: number;
  readonly #isLast: boolean;

  constructor(session: Conversation, message: IncomingMessage, count: number, isLast: boolean) {
    this.#session = session;
    this.#message = message;
    this.#count = count;
    this.#isLast = isLast;
  }

  data(octets: Buffer): MaybePromise<void> {
    return this.#message.write(octets);
  }

  end(facts: DataFacts, next: () => void): void {
    const session = this.#session;
    session.conclude(
      () =>
        this.#isLast
          ? finishMessage(session, this.#message, facts)
          : reply(250, "2.0.0", `${this.#count} octets received`),
      next,
    );
  }
}

/** Reads past the octets of a chunk that is not wanted. The transaction is over then (RFC 3030 §2). */
class RefusedChunk implements DataConsumer {
  readonly #session: Conversation;
  readonly #answer: Reply;

  constructor(session: Conversation, answer: Reply) {
    this.#session = session;
    this.#answer = answer;
  }

  data(): void {
    // Thrown away.
  }

  end(_facts: DataFacts, next: () => void): void {
    this.#session.endTransaction();
    this.#session.conclude(() => this.#answer, next);
  }
}
