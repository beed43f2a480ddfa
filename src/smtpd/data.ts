/** DATA (RFC 5321 §4.1.1.4): hands the octets of the message to the intake, and passes on its answer. */
import type { Reply } from "../mail/reply.ts";
import type { IncomingMessage } from "../reception/intake.ts";
import { judge } from "../reception/judges.ts";
import type { Transaction } from "../reception/transaction.ts";
import { isPromise, type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { MaybeAnswer } from "./answer.ts";
import type { Conversation } from "./conversation.ts";
import type { DataFacts } from "./data-scanner.ts";
import { forRecipients } from "./lmtp.ts";
import type { DataConsumer } from "./octet-stream.ts";
import { replies } from "./replies.ts";

export function data(session: Conversation): MaybeAnswer {
  if (session.refusal !== undefined) return session.refusal;
  const { transaction } = session;
  if (transaction === undefined) return replies.needMail;
  if (session.message !== undefined) return replies.chunksBegun;
  if (transaction.recipients.length === 0) return replies.needRecipient;
  // RFC 3030 §3.
  if (transaction.announced.isBinary === true) return replies.binaryNeedsChunks;
  return whenReady(openMessage(session, transaction), (opened) => {
    if (opened === undefined || "code" in opened) return opened;
    session.receive(opened);
    return { reply: replies.startData, begin: () => session.readData(new MessageData(session, opened)) };
  });
}

/**
 * Asks the judges of the data stage and opens a message at the intake. The answer is the refusal, if there is one;
 * undefined when the client has gone in the meantime.
 */
export function openMessage(
  session: Conversation,
  transaction: Transaction,
): MaybePromise<IncomingMessage | Reply | undefined> {
  const recipients = transaction.recipients.length;
  transaction.scope.set("nrcpts", String(recipients));
  return whenReady(judge(session.services, "data", transaction, { recipients }), (outcome) =>
    outcome.kind === "out" ? outcome.reply : begin(session, transaction),
  );
}

function begin(session: Conversation, transaction: Transaction): MaybePromise<IncomingMessage | Reply | undefined> {
  let message: MaybePromise<IncomingMessage>;
  try {
    message = session.services.intake.begin(transaction);
  } catch (error) {
    return unavailable(session, error);
  }
  if (!isPromise(message)) return message;
  return message.then(
    (opened) => {
      if (!session.isOver) return opened;
      opened.abort();
      return undefined;
    },
    (error: unknown) => unavailable(session, error),
  );
}

function unavailable(session: Conversation, error: unknown): Reply {
  const text = error instanceof Error ? error.message : String(error);
  session.services.log.write(1, { priority: "crit", text: `SYSERR: cannot queue a message: ${text}` });
  return replies.queueUnavailable;
}

class MessageData implements DataConsumer {
  readonly #session: Conversation;
  readonly #message: IncomingMessage;

  constructor(session: Conversation, message: IncomingMessage) {
    this.#session = session;
    this.#message = message;
  }

  data(octets: Buffer): MaybePromise<void> {
    return this.#message.write(octets);
  }

  end(facts: DataFacts, next: () => void): void {
    this.#session.conclude(() => finishMessage(this.#session, this.#message, facts), next);
  }
}

/** The last octet is there: makes the message final, answers, ends the transaction. */
export function finishMessage(session: Conversation, message: IncomingMessage, facts: DataFacts): MaybeAnswer {
  const isBinary = session.transaction?.announced.isBinary === true;
  if (!isBinary && (facts.bareLineEnd || facts.hiddenDot)) {
    // Where the message ends is what two servers may disagree about: nothing behind it is taken for commands.
    session.endTransaction();
    return { last: facts.bareLineEnd ? replies.bareLineEnd : replies.hiddenDot };
  }
  // From here on the message is no longer dropped when the client goes away: it may have been stored already.
  session.receive(undefined);
  const recipients = session.transaction?.recipients.length ?? 0;
  return message
    .finish()
    .then((answer) => {
      if (answer.code < 300) session.delivered();
      return forRecipients(session, recipients, answer);
    })
    .finally(() => session.endTransaction());
}
