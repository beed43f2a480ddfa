/** DATA (RFC 5321 §4.1.1.4): hands the octets of the message to the intake, and passes on its answer. */
import type { IncomingMessage } from "../dispatch/intake.ts";
import type { Reply } from "../mail/reply.ts";
import { isPromise, type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { DataConsumer } from "./octet-stream.ts";
import { replies } from "./replies.ts";
import type { Transaction } from "./services.ts";
import type { SmtpSession } from "./session.ts";

export function data(session: SmtpSession): MaybePromise<void> {
  if (session.refusal !== undefined) return session.reply(session.refusal);
  const { transaction } = session;
  if (transaction === undefined) return session.reply(replies.needMail);
  if (transaction.recipients.length === 0) return session.reply(replies.needRecipient);
  const count = String(transaction.recipients.length);
  transaction.scope.set("nrcpts", count);
  return whenReady(session.router.check("check_data", [count], transaction.scope), (verdict) => {
    const refusal = session.refusalOf(verdict);
    if (refusal !== undefined) {
      session.logRejection("check_data", count, refusal);
      return session.refuse(refusal);
    }
    if (verdict.kind === "discard") transaction.discard = true;
    if (verdict.kind === "quarantine") transaction.quarantined = verdict.reason;
    return begin(session, transaction);
  });
}

function begin(session: SmtpSession, transaction: Transaction): MaybePromise<void> {
  const { sender, bodyType, smtputf8, envid, ret, auth, declaredSize, recipients, scope, quarantined } = transaction;
  const everything = recipients.every(({ state }) => state === "discarded");
  let message: MaybePromise<IncomingMessage>;
  try {
    message = session.services.intake.begin({
      sender,
      bodyType,
      smtputf8,
      envid,
      ret,
      auth,
      declaredSize,
      recipients,
      scope,
      relay: session.relay,
      daemon: session.port.name,
      discard: transaction.discard || everything,
      quarantined,
    });
  } catch (error) {
    return unavailable(session, error);
  }
  if (!isPromise(message)) return receive(session, message);
  return message.then(
    (opened) => receive(session, opened),
    (error: unknown) => unavailable(session, error),
  );
}

function unavailable(session: SmtpSession, error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  session.services.log.write(1, { priority: "crit", text: `SYSERR: cannot queue a message: ${text}` });
  session.reply(replies.queueUnavailable);
}

function receive(session: SmtpSession, message: IncomingMessage): void {
  if (session._closed) return message.abort();
  session.onGone = () => message.abort();
  session.octets.startData(new MessageData(session, message));
  session._armTimeout();
  session.reply(replies.startData);
}

class MessageData implements DataConsumer {
  readonly #session: SmtpSession;
  readonly #message: IncomingMessage;

  constructor(session: SmtpSession, message: IncomingMessage) {
    this.#session = session;
    this.#message = message;
  }

  data(octets: Buffer): MaybePromise<void> {
    return this.#message.write(octets);
  }

  end({ bareLineEnd }: { readonly bareLineEnd: boolean }, next: () => void): void {
    const session = this.#session;
    session.onGone = undefined;
    session._armTimeout();
    session.run(this.#answer(bareLineEnd), () => {
      session.endTransaction();
      if (!session._closing && !session._closed) next();
    });
  }

  async #answer(bareLineEnd: boolean): Promise<void> {
    if (bareLineEnd) {
      this.#message.abort();
      this.#session.reply(replies.bareLineEnd);
      return;
    }
    const answer: Reply = await this.#message.finish();
    this.#session.refuse(answer);
  }
}
