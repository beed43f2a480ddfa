/** The machine-readable part of a report: message/delivery-status (RFC 3464 §2). */
import { deadlineOf } from "../envelope/deliver-by.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import { rfc5322Date } from "../mail/date.ts";
import { decodeUtf8Address, encodeUtf8Address } from "../mail/utf8-address.ts";
import { decodeXtext } from "../mail/xtext.ts";
import type { ReportedRecipient } from "./decide.ts";
import { deliverByNotice } from "./deliver-by.ts";
import { actualRecipient, isLocalObject, namedRecipient, type TypesOf } from "./named-recipient.ts";
import { type Kind, kindOf } from "./plain-words.ts";
import { reportText } from "./report-text.ts";

export interface DeliveryStatusFacts {
  readonly envelope: Envelope;
  /** Name of this host ($j). */
  readonly host: string;
  /** The client that the message came from, when it came over the network. */
  readonly receivedFrom?: string;
  /** When the message will be given up, ms since the epoch; 0 for never. */
  readonly giveUpAt: number;
  /** PrivacyOptions noactualrecipient: where aliases lead is nobody's business. */
  readonly hideActual: boolean;
  readonly types: TypesOf;
}

/** Lines of the whole part, groups separated by empty lines. */
export function deliveryStatus(facts: DeliveryStatusFacts, recipients: readonly ReportedRecipient[]): string[] {
  const lines = messageFields(facts);
  for (const recipient of recipients) lines.push("", ...recipientFields(facts, recipient));
  return lines;
}

/** RFC 3464 §2.2. */
function messageFields({ envelope, host, receivedFrom }: DeliveryStatusFacts): string[] {
  const envid = envelope.envid === undefined ? undefined : decodeXtext(envelope.envid);
  const deadline = deadlineOf(envelope);
  return [
    ...(envid === undefined ? [] : [`Original-Envelope-Id: ${reportText(envid)}`]),
    `Reporting-MTA: dns; ${host}`,
    ...(receivedFrom === undefined ? [] : [`Received-From-MTA: DNS; ${reportText(receivedFrom)}`]),
    `Arrival-Date: ${rfc5322Date(envelope.arrived)}`,
    // RFC 2852 §5
    ...(deadline === undefined ? [] : [`Deliver-By-Date: ${rfc5322Date(deadline)}`]),
  ];
}

/** Words that senders' programs look for; the additions in parentheses are comments (RFC 3464 §2.3.3). */
const ACTIONS: Readonly<Record<Kind, string>> = {
  failed: "failed",
  delayed: "delayed",
  delivered: "delivered (to mailbox)",
  relayed: "relayed (to non-DSN-aware mailer)",
  expanded: "expanded (by alias)",
  list: "delivered (to mailing list)",
};

/** RFC 3464 §2.3. */
function recipientFields(facts: DeliveryStatusFacts, reported: ReportedRecipient): string[] {
  const { index, recipient, status } = reported;
  const { envelope, host, giveUpAt, hideActual, types } = facts;
  const utf8 = envelope.smtputf8;
  const asked = originalRecipient(envelope, index);
  const orcpt = recipient.orcpt ?? asked.orcpt;
  const lines: string[] = [];
  if (orcpt !== undefined) lines.push(`Original-Recipient: ${originalAddress(orcpt, utf8)}`);
  lines.push(`Final-Recipient: ${namedRecipient(asked, host, types, utf8)}`);
  if (!hideActual) lines.push(`X-Actual-Recipient: ${actualRecipient(recipient, host, types, utf8)}`);
  const notice = deliverByNotice(envelope, reported);
  const action = notice === undefined ? ACTIONS[kindOf(status)] : `relayed (Deliver-By ${notice} mode)`;
  lines.push(`Action: ${action}`, `Status: ${statusCode(status)}`);
  if (status.remoteMta !== undefined) lines.push(`Remote-MTA: ${remoteMta(status.remoteMta, types(recipient)?.mta)}`);
  const diagnostic = diagnosticOf(reported, types(recipient)?.diagnostic);
  if (diagnostic !== undefined) lines.push(`Diagnostic-Code: ${diagnostic}`);
  lines.push(`Last-Attempt-Date: ${rfc5322Date(status.at)}`);
  if (status.action === "delayed" && giveUpAt > 0) lines.push(`Will-Retry-Until: ${rfc5322Date(giveUpAt)}`);
  return lines;
}

/** A mailbox has it: that its address is right is all that RFC 3463 has a code for. */
function statusCode({ action, status }: RecipientStatus): string {
  return action === "delivered" && status === "2.0.0" ? "2.1.5" : status;
}

/** A host by its name (RFC 3464 §2.3.5: type dns, no final dot); what was talked to through a file is no host. */
function remoteMta(name: string, type = "dns"): string {
  if (name.startsWith("/")) return `X-Unix; ${reportText(name)}`;
  return `${type.toLowerCase() === "dns" ? "DNS" : type}; ${reportText(name).replace(/\.$/, "")}`;
}

/**
 * "SMTP; 550 5.1.1 no such user", "X-Unix; 67 no such mailbox".
 * @param type what T= of the mailer calls its diagnostics; those of programs are what they are
 */
function diagnosticOf({ recipient, status }: ReportedRecipient, type = "smtp"): string | undefined {
  const { diagnostic, exit } = status;
  if (diagnostic === undefined) return exit !== undefined && isLocalObject(recipient) ? `X-Unix; ${exit}` : undefined;
  if (diagnostic.type.toLowerCase() === "x-unix") return `X-Unix; ${reportText(diagnostic.text)}`;
  // Replies of our own, about mail for programs and files, are SMTP replies all the same.
  const shown = /^(?:smtp|x-unix)$/i.test(type) ? "SMTP" : type;
  return `${shown}; ${reportText(diagnostic.text)}`;
}

/** What the sender asked for: the address at the beginning of the aliases that led here. */
export function originalRecipient({ recipients }: Envelope, index: number): Envelope["recipients"][number] {
  let recipient = recipients[index];
  // Parents always stand before their children; the bound only protects from a damaged queue file.
  for (let level = 0; recipient.parent !== undefined && level < recipients.length; level++) {
    recipient = recipients[recipient.parent];
  }
  return recipient;
}

/** ORCPT= as it came ("rfc822;joe+40x"), decoded: "rfc822;joe@x". */
function originalAddress(orcpt: string, utf8: boolean): string {
  const semicolon = orcpt.indexOf(";");
  const address = orcpt.slice(semicolon + 1);
  const type = semicolon === -1 ? "rfc822" : orcpt.slice(0, semicolon);
  // RFC 6533 §3: the characters themselves where the report may have them, else the form that is ASCII.
  const isUtf8 = type.toLowerCase() === "utf-8";
  const text = isUtf8 ? (utf8 ? decodeUtf8Address(address) : encodeUtf8Address(address)) : decodeXtext(address);
  return `${reportText(type)};${reportText(text ?? address, utf8)}`;
}
