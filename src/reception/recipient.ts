/** A recipient of a message that comes in: what the judges say, where it goes, whether there is such a user. */
import { deliveryModeIn } from "../config/policies.ts";
import type { Recipient } from "../envelope/recipient.ts";
import { aboutMailbox, type Reply } from "../mail/reply.ts";
import { refusalOf } from "../routing/refusal.ts";
import type { Resolution } from "../routing/mail-rules.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { type Court, judge } from "./judges.ts";
import type { Transaction } from "./transaction.ts";

/** What RCPT says. */
export interface AskedRecipient extends Pick<Recipient, "notify" | "orcpt"> {
  /** As it was said, with angle brackets. */
  readonly shown: string;
  readonly address: string;
}

/**
 * Adds a recipient to the transaction, unless somebody or something speaks against it.
 * @returns why it is refused, or undefined
 */
export function admitRecipient(
  court: Court,
  transaction: Transaction,
  asked: AskedRecipient,
): MaybePromise<Reply | undefined> {
  const { scope, recipients, badRecipients, site } = transaction;
  const { shown, address } = asked;
  scope.set("nrcpts", String(recipients.length));
  scope.set("nbadrcpts", String(badRecipients));
  const refuse = (reply: Reply): Reply => {
    transaction.badRecipients++;
    return aboutMailbox(shown, reply);
  };
  const telling = { answer: (reply: Reply) => aboutMailbox(shown, reply) };
  return whenReady(judge(court, "rcpt", transaction, { path: shown }, telling), (outcome) => {
    if (outcome.kind === "out") {
      transaction.badRecipients++;
      return outcome.reply;
    }
    return whenReady(site.rules.resolve(address, scope), (resolution) =>
      whenReady(settle(transaction, asked, resolution), (refusal) =>
        refusal === undefined ? refusal : refuse(refusal),
      ),
    );
  });
}

/** Notes where the recipient goes; the reason when it goes nowhere. */
function settle(
  transaction: Transaction,
  { address, notify, orcpt }: AskedRecipient,
  resolution: Resolution,
): MaybePromise<Reply | undefined> {
  const { recipients, site, scope } = transaction;
  if (resolution.kind === "error") return resolution.reply;
  if (resolution.kind === "tempfail") {
    if (deliveryModeIn(site.config, scope) !== "d") return resolution.reply;
    // What was not looked up now is looked up when it is tried.
    recipients.push({ given: address, state: "todo", notify, orcpt });
    return undefined;
  }
  if (resolution.kind === "discard") {
    recipients.push({ given: address, state: "discarded" });
    return undefined;
  }
  const { triple } = resolution;
  return whenReady(refusalOf(site, triple, scope), (refusal) => {
    if (refusal === undefined) recipients.push({ given: address, resolved: triple, state: "todo", notify, orcpt });
    return refusal;
  });
}
