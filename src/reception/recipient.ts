/** A recipient of a message that comes in: what the judges say, where it goes, whether there is such a user. */
import { deliveryModeIn } from "../config/policies.ts";
import type { Recipient } from "../envelope/recipient.ts";
import { aboutMailbox, type Reply } from "../mail/reply.ts";
import { refusalOf } from "../routing/refusal.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { Resolution } from "../routing/mail-rules.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { type Court, judge } from "./judges.ts";
import type { Transaction } from "./transaction.ts";

/** What RCPT says. */
export interface AskedRecipient extends Pick<Recipient, "notify" | "orcpt"> {
  /** As it was said, with angle brackets. */
  readonly shown: string;
  readonly address: string;
  /** As they were said. */
  readonly parameters?: readonly string[];
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
  // Where it leads is known to who judges it, as in sendmail: {rcpt_mailer}, {rcpt_host}, {rcpt_addr}.
  return whenReady(site.rules.resolve(address, scope), (resolution) => {
    setRecipientMacros(scope, resolution);
    return whenReady(judge(court, "rcpt", transaction, { path: shown }, telling), (outcome) => {
      setRecipientMacros(scope, undefined);
      if (outcome.kind === "out") {
        transaction.badRecipients++;
        return afterFilters(court, transaction, asked, outcome.reply);
      }
      // Nobody gets the message any more: whether there is such a user does not matter.
      if (transaction.fate.kind === "discard" && resolution.kind === "triple") {
        transaction.recipients.push({ given: address, state: "discarded" });
        return afterFilters(court, transaction, asked, undefined);
      }
      return whenReady(settle(transaction, asked, resolution), (refusal) =>
        afterFilters(court, transaction, asked, refusal === undefined ? refusal : refuse(refusal)),
      );
    });
  });
}

function setRecipientMacros(scope: MacroScope, resolution: Resolution | undefined): void {
  const triple = resolution?.kind === "triple" ? resolution.triple : undefined;
  scope.set("rcpt_mailer", triple?.mailer);
  scope.set("rcpt_host", triple?.host);
  scope.set("rcpt_addr", triple?.user);
}

/** Those who judge a recipient by where he goes are asked, or told that he is refused. */
function afterFilters(
  court: Court,
  transaction: Transaction,
  { shown, parameters = [] }: AskedRecipient,
  refusal: Reply | undefined,
): MaybePromise<Reply | undefined> {
  if (transaction.filters === undefined) return refusal;
  const { recipients, scope } = transaction;
  if (refusal === undefined) {
    const triple = recipients.at(-1)?.resolved;
    scope.set("rcpt_mailer", triple?.mailer);
    scope.set("rcpt_host", triple?.host);
    scope.set("rcpt_addr", triple?.user);
    scope.set("nrcpts", String(recipients.length));
  }
  const telling = { answer: (reply: Reply) => aboutMailbox(shown, reply) };
  const asked = judge(court, "recipient", transaction, { path: shown, parameters, refusal }, telling);
  return whenReady(asked, (outcome) => {
    if (outcome.kind === "in" || refusal !== undefined) return refusal;
    recipients.pop();
    transaction.badRecipients++;
    return outcome.reply;
  });
}

/**
 * A recipient that a judge adds to a message. Whether he can be is no longer asked: what goes nowhere comes back to the sender
 * as a report. Whoever is a recipient already stays the one that he is.
 */
export function addRecipient(
  transaction: Transaction,
  asked: Pick<AskedRecipient, "address" | "notify" | "orcpt">,
): MaybePromise<void> {
  const { site, scope, recipients } = transaction;
  const { address, notify, orcpt } = asked;
  if (recipients.some(({ given }) => given === address)) return undefined;
  return whenReady(site.rules.resolve(address, scope), (resolution) =>
    whenReady(settle(transaction, { shown: `<${address}>`, ...asked }, resolution), (refusal) => {
      if (refusal !== undefined) transaction.recipients.push({ given: address, state: "todo", notify, orcpt });
    }),
  );
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
