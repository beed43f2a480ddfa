/** DATA (RFC 5321 §4.1.1.4): hands the octets of the message to the intake, and passes on its answer. */
import type { IncomingMessage } from "../reception/intake.ts";
import type { Reply } from "../mail/reply.ts";
import { isPromise, type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { DataConsumer } from "./octet-stream.ts";
import { replies } from "./replies.ts";
import type { Transaction } from "./services.ts";
import { logJudgement } from "./session-log.ts";
import type { SmtpSession } from "./session.ts";

export function data(session: SmtpSession): MaybePromise<void> {
  if (session.refusal !== undefined) return session.reply(session.refusal);
  const { transaction } = session;
  if (transaction === undefined) return session.reply(replies.needMail);
  if (session.message !== undefined) return session.reply(replies.chunksBegun);
  if (transaction.recipients.length === 0) return session.reply(replies.needRecipient);
  return whenReady(openMessage(session, transaction), (opened) => {
    if (opened === undefined) return undefined;
    if ("code" in opened) return session.refuse(opened);
    session.message = opened;
    session.octets.startData(new MessageData(session, opened));
    session._armTimeout();
    return session.reply(replies.startData);
  });
}

/**
 * Asks check_data and opens a message at the intake. The answer is the refusal, if there is one; undefined when the
 * client has gone in the meantime.
 */
export function openMessage(
  session: SmtpSession,
  transaction: Transaction,
): MaybePromise<IncomingMessage | Reply | undefined> {
  const count = String(transaction.recipients.length);
  transaction.scope.set("nrcpts", count);
  return whenReady(session.router.check("check_data", [count], transaction.scope), (verdict) => {
    const refusal = session.refusalOf(verdict);
    logJudgement(session, "check_data", [count], verdict, refusal);
    if (refusal !== undefined) return refusal;
    if (verdict.kind === "discard") transaction.discard = true;
    if (verdict.kind === "quarantine") transaction.quarantined = verdict.reason;
    return begin(session, transaction);
  });
}

function begin(session: SmtpSession, transaction: Transaction): MaybePromise<IncomingMessage | Reply | undefined> {
  const { sender, bodyType, smtputf8, envid, ret, auth, declaredSize, recipients, scope, quarantined } = transaction;
  const everything = recipients.every(({ state }) => state === "discarded");
  let message: MaybePromise<IncomingMessage>;
  try {
    message = session.services.intake.begin({
      site: session.site,
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
      daemon: session.port.name === "" ? undefined : session.port.name,
      discard: transaction.discard || everything,
      quarantined,
    });
  } catch (error) {
    return unavailable(session, error);
  }
  if (!isPromise(message)) return message;
  return message.then(
    (opened) => {
      if (!session._closed && !session._closing) return opened;
      opened.abort();
      return undefined;
    },
    (error: unknown) => unavailable(session, error),
  );
}

function unavailable(session: SmtpSession, error: unknown): Reply {
  const text = error instanceof Error ? error.message : String(error);
  session.services.log.write(1, { priority: "crit", text: `SYSERR: cannot queue a message: ${text}` });
  return replies.queueUnavailable;
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
    this.#session._armTimeout();
    finishMessage(this.#session, this.#message, bareLineEnd, next);
  }
}

/** The last octet is there: makes the message final, answers, ends the transaction. */
export function finishMessage(
  session: SmtpSession,
  message: IncomingMessage,
  bareLineEnd: boolean,
  next: () => void,
): void {
  if (bareLineEnd) {
    // Where the message ends is what two servers may disagree about: nothing behind it is taken for commands.
    session.endTransaction();
    session.finish(replies.bareLineEnd);
    return;
  }
  // From here on the message is no longer dropped when the client goes away: it may have been stored already.
  session.message = undefined;
  session.run(
    message.finish().then((answer) => session.refuse(answer)),
    () => {
      session.endTransaction();
      session.proceed(next);
    },
  );
}
