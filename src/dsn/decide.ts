/**
 * Who hears what about an attempt: the sender, a list's owner, the postmaster, or nobody.
 *
 * Pure. The one rule that must never break: nobody is told about the failure of a report, so that two servers can never
 * keep each other busy. A report that fails goes to DoubleBounceAddress once; when that fails, too, it ends. So does what a
 * postmaster is told, wherever it comes from: two servers may have each other's postmasters for theirs.
 */
import { deliverByNotice } from "./deliver-by.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { Recipient } from "../envelope/recipient.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import { isField } from "../mail/header.ts";

/** A recipient with the outcome that somebody may have to hear of. */
export interface ReportedRecipient {
  /** Index in envelope.recipients. */
  readonly index: number;
  readonly recipient: Recipient;
  readonly status: RecipientStatus;
}

export interface Outcomes {
  readonly failed: readonly ReportedRecipient[];
  /** Those for which the warning about a delay is due now. */
  readonly delayed: readonly ReportedRecipient[];
  /** Delivered, relayed, expanded. */
  readonly delivered: readonly ReportedRecipient[];
}

export interface ReportPolicy {
  /** O DoubleBounceAddress; "" drops such reports. */
  readonly doubleBounceAddress: string;
  /** O PostmasterCopy; "" for none. */
  readonly postmasterCopy: string;
  /** PrivacyOptions noreceipts: no reports of success. */
  readonly noReceipts: boolean;
  /** PrivacyOptions nobodyreturn: never return bodies. */
  readonly noBodyReturn: boolean;
  /** Errors-To: of the message (O UseErrorsTo): these hear of failures instead of the sender. */
  readonly errorsTo?: readonly string[];
}

export type ReportKind = "notice" | "double-bounce" | "postmaster-copy";

/** One report to write: its reverse-path is always the null one. */
export interface ReportPlan extends Outcomes {
  readonly kind: ReportKind;
  readonly to: readonly string[];
  /** Return the header of the message only. */
  readonly headersOnly: boolean;
}

export interface Decision {
  /** The reports that an attempt gives rise to; none for most of them. */
  readonly plans: readonly ReportPlan[];
  /** Recipients of a report of ours that nobody can be told of any more: it is the last one. */
  readonly lost: readonly ReportedRecipient[];
}

export function decideReports(envelope: Envelope, outcomes: Outcomes, policy: ReportPolicy): Decision {
  // Reports themselves ask for no reports (RFC 3461 §6.2); the postmaster hears of them all the same.
  if (envelope.isReport) return doubleBounce(envelope, outcomes.failed, policy);
  const failed = outcomes.failed.filter(({ recipient }) => wants(recipient, "FAILURE"));
  if (envelope.sender === "") return doubleBounce(envelope, failed, policy);
  return { plans: notices(envelope, { ...outcomes, failed }, policy), lost: [] };
}

function notices(envelope: Envelope, outcomes: Outcomes, policy: ReportPolicy): ReportPlan[] {
  const { failed } = outcomes;
  const plans: ReportPlan[] = [];
  for (const [to, part] of byAudience(envelope, outcomes, policy)) {
    plans.push({ kind: "notice", to: to.split("\0"), headersOnly: headersOnly(envelope, part, policy), ...part });
  }
  if (policy.postmasterCopy !== "" && failed.length > 0) {
    const part = { failed, delayed: [], delivered: [] };
    plans.push({ kind: "postmaster-copy", to: [policy.postmasterCopy], headersOnly: true, ...part });
  }
  return plans;
}

/** RFC 3461 §4.1: without NOTIFY= senders hear of failures and delays. */
function wants({ notify }: Recipient, event: "FAILURE" | "DELAY" | "SUCCESS"): boolean {
  return notify === undefined ? event !== "SUCCESS" : notify.includes(event);
}

function doubleBounce(envelope: Envelope, failed: readonly ReportedRecipient[], policy: ReportPolicy): Decision {
  const { doubleBounceAddress: to } = policy;
  if (failed.length === 0 || to === "") return { plans: [], lost: [] };
  if (wasSentTo(envelope, to) || isForPostmaster(envelope)) {
    return { plans: [], lost: envelope.isReport ? failed : [] };
  }
  const part = { failed, delayed: [], delivered: [] };
  const plan = { kind: "double-bounce", to: [to], headersOnly: headersOnly(envelope, part, policy), ...part } as const;
  return { plans: [plan], lost: [] };
}

/** Reports about reports end here: this message went to that address already. */
function wasSentTo(envelope: Envelope, address: string): boolean {
  return envelope.recipients.some(({ given }) => given.toLowerCase() === address.toLowerCase());
}

/** What Auto-Submitted: says of what a postmaster is told, by us and by every sendmail. */
const FOR_POSTMASTER = "postmaster-notification";

function isForPostmaster({ headers }: Envelope): boolean {
  return headers.some((field) => isField(field, "Auto-Submitted") && field.value.includes(FOR_POSTMASTER));
}

interface MutableOutcomes {
  readonly failed: ReportedRecipient[];
  readonly delayed: ReportedRecipient[];
  readonly delivered: ReportedRecipient[];
}

/** Who hears (joined by NUL) → what they hear of. An owner hears of failures and delays, the sender of success. */
function byAudience(
  envelope: Envelope,
  { failed, delayed, delivered }: Outcomes,
  { errorsTo, noReceipts }: ReportPolicy,
): Map<string, MutableOutcomes> {
  const parts = new Map<string, MutableOutcomes>();
  const part = (to: string): MutableOutcomes => {
    let found = parts.get(to);
    if (!found) parts.set(to, (found = { failed: [], delayed: [], delivered: [] }));
    return found;
  };
  const senders = errorsTo !== undefined && errorsTo.length > 0 ? errorsTo.join("\0") : envelope.sender;
  for (const each of failed) part(each.recipient.owner ?? senders).failed.push(each);
  for (const each of delayed) {
    const to = each.recipient.owner ?? envelope.sender;
    if (wants(each.recipient, "DELAY") && hearsOfDelays(envelope, to)) part(to).delayed.push(each);
  }
  for (const each of delivered) {
    const due = wants(each.recipient, "SUCCESS") && each.status.passedOn !== true;
    if (!noReceipts && (due || deliverByNotice(envelope, each) !== undefined))
      part(envelope.sender).delivered.push(each);
  }
  return parts;
}

/** Machines do not read warnings: list owners, -request addresses, senders of bulk mail. */
function hearsOfDelays({ messageClass }: Envelope, to: string): boolean {
  return messageClass >= 0 && !/^owner-/i.test(to) && !/-request(?:@|$)/i.test(to);
}

/** RFC 3461 §4.3: the message itself comes back with failures only. */
function headersOnly(envelope: Envelope, { failed }: Outcomes, policy: ReportPolicy): boolean {
  return (
    policy.noBodyReturn ||
    envelope.requireTls === true ||
    envelope.ret === "HDRS" ||
    envelope.messageClass < 0 ||
    failed.length === 0
  );
}
