/**
 * One job as an SMTP transaction: parameters that the server understands (SIZE, BODY, SMTPUTF8, DSN, AUTH), recipients
 * it cannot be asked for, and the replies translated back to a status for every recipient.
 */
import type { Job, JobRecipient } from "../agent.ts";
import type { BodyForms } from "./body-forms.ts";
import type { WrittenMessage } from "../message-writer.ts";
import type { Mailer } from "../../config/mailer.ts";
import { deferred, failed, type Outcome } from "../outcome.ts";
import type { RecipientStatus } from "../../envelope/status.ts";
import { type DeliverBy, isTooLate, remainingSeconds, tooLateText } from "../../envelope/deliver-by.ts";
import type { Notify } from "../../mail/notify.ts";
import { encodeUtf8Address } from "../../mail/utf8-address.ts";
import type { MacroScope } from "../../rewriting/macro-scope.ts";
import { replyKind } from "./reply-reader.ts";
import { fromFailure, fromReply, onOneLine, type Peer, type Step } from "./reply-status.ts";
import {
  type ClientRecipient,
  mailCommand,
  rcptCommand,
  type Transaction,
  type TransactionResult,
} from "./exchange.ts";

export interface PreparedMessage {
  /** Sender as the mailer sees it, "" for the null reverse-path. */
  readonly sender: string;
  /** The message as servers of different kinds take it. */
  readonly forms: BodyForms;
  /** Macros of the delivery. */
  readonly scope: MacroScope;
}

/** What has been found out before the server is asked. */
export interface Beforehand {
  /** Recipients that rules keep away from this server, by index. */
  readonly refused: ReadonlyMap<number, Outcome>;
  /** MAIL may tell this server who wrote the message (AUTH=). */
  readonly authParameter: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Prepared {
  /** undefined: there is nobody left to ask the server for. */
  readonly transaction?: Transaction;
  /** Recipients of the transaction, by position. */
  readonly asked: readonly JobRecipient[];
  /** Recipients that were decided without asking. */
  readonly decided: ReadonlyMap<number, Outcome>;
  /** The server passes on delivery reports. */
  readonly dsn: boolean;
  /** The server has been told until when the message has to arrive. */
  readonly deliverBy: boolean;
}

type Extensions = ReadonlyMap<string, string>;

const NON_ASCII = /[^\x00-\x7f]/;
/** Line ends and NUL in an address would be commands of their own. */
const UNSENDABLE = /[\r\n\0]/;
/** What a parameter of MAIL or RCPT may be (RFC 5321 §4.1.2); others are left out. */
const SENDABLE_VALUE = /^[\x21-\x7e]+$/;

/** @param extensions EHLO keywords of the server */
export function prepareTransaction(
  job: Job,
  { sender, message }: { readonly sender: string; readonly message: WrittenMessage },
  { extensions }: { readonly extensions: Extensions },
  { refused, authParameter, now }: Beforehand,
): Prepared {
  const dsn = extensions.has("DSN");
  const deliverBy = extensions.has("DELIVERBY");
  const delay = job.envelope.deliverBy?.mode === "notify" && !deliverBy;
  const decided = new Map<number, Outcome>();
  const asked: JobRecipient[] = [];
  const recipients: ClientRecipient[] = [];
  const wholeMessage = messageProblem(job, sender, message, extensions) ?? timeProblem(job, extensions, now);
  let international = false;
  for (const each of job.recipients) {
    const address = withoutBrackets(each.triple.user);
    const problem = refused.get(each.index) ?? wholeMessage ?? addressProblem(address, extensions);
    if (problem !== undefined) decided.set(each.index, problem);
    else {
      asked.push(each);
      recipients.push({ address, parameters: dsn ? recipientParameters(each, delay) : "" });
      international ||= NON_ASCII.test(address);
    }
  }
  if (asked.length === 0) return { asked, decided, dsn, deliverBy };
  const utf8Address = international || NON_ASCII.test(sender);
  const parameters =
    senderParameters(job, message, extensions, utf8Address, authParameter) + byParameter(job, extensions, now);
  const octets = message.octets ?? (() => message.stream());
  return { transaction: { sender, parameters, recipients, message: octets }, asked, decided, dsn, deliverBy };
}

function isSendable(value: string | undefined): value is string {
  return value !== undefined && SENDABLE_VALUE.test(value);
}

function withoutBrackets(text: string): string {
  return text.startsWith("<") && text.endsWith(">") ? text.slice(1, -1) : text;
}

/** What makes the message undeliverable at this server, whoever it is for. */
function messageProblem(
  { envelope }: Job,
  sender: string,
  message: WrittenMessage,
  extensions: Extensions,
): Outcome | undefined {
  if (UNSENDABLE.test(sender)) return failed("5.1.7", "Data format error (line end in sender address)");
  const said = extensions.get("SIZE") ?? "";
  // What is no number says nothing (RFC 1870 §3).
  const limit = /^\d{1,20}$/.test(said) ? Number(said) : 0;
  if (limit > 0 && message.size > limit) {
    return failed("5.2.3", `Message is too large; ${limit} bytes max`);
  }
  // RFC 6531 §3.5: no server without SMTPUTF8 on the way of an internationalised message.
  if (extensions.has("SMTPUTF8")) return undefined;
  const needed = NON_ASCII.test(sender) || (envelope.smtputf8 && hasHighOctet(message.head));
  return needed ? failed("5.6.7", "Service unavailable (SMTPUTF8 required, but not offered)") : undefined;
}

function addressProblem(address: string, extensions: Extensions): Outcome | undefined {
  if (address === "" || UNSENDABLE.test(address)) return failed("5.1.3", "Data format error (bad recipient address)");
  if (NON_ASCII.test(address) && !extensions.has("SMTPUTF8")) {
    return failed("5.6.7", "Service unavailable (SMTPUTF8 required, but not offered)");
  }
  return undefined;
}

function hasHighOctet(head: Buffer): boolean {
  return head.some((octet) => octet > 127);
}

function senderParameters(
  { envelope }: Job,
  message: WrittenMessage,
  extensions: Extensions,
  internationalAddress: boolean,
  authParameter: boolean,
): string {
  let parameters = "";
  if (extensions.has("SIZE")) parameters += ` SIZE=${message.size}`;
  if (extensions.has("8BITMIME")) {
    if (envelope.eightBit || envelope.bodyType === "8BITMIME") parameters += " BODY=8BITMIME";
    else if (envelope.bodyType === "7BIT") parameters += " BODY=7BIT";
  }
  if (extensions.has("SMTPUTF8") && (internationalAddress || envelope.smtputf8)) parameters += " SMTPUTF8";
  if (extensions.has("DSN")) {
    if (envelope.ret !== undefined) parameters += ` RET=${envelope.ret}`;
    if (isSendable(envelope.envid)) parameters += ` ENVID=${envelope.envid}`;
  }
  if (envelope.requireTls === true && extensions.has("REQUIRETLS")) parameters += " REQUIRETLS";
  // RFC 4954 §5; AuthOptions=A is for servers that want it only from those they know.
  if (isSendable(envelope.auth) && authParameter && extensions.has("AUTH")) parameters += ` AUTH=${envelope.auth}`;
  return parameters;
}

/**
 * RFC 2852 §4.1.4: a message that has to be back or there in time goes only where that is promised. A mailbox (LMTP, a local
 * mailer) is where it has to be.
 */
function timeProblem({ envelope, mailer }: Job, extensions: Extensions, now: number): Outcome | undefined {
  const { deliverBy } = envelope;
  if (deliverBy?.mode !== "return") return undefined;
  if (isTooLate(envelope, now)) return failed("5.4.7", tooLateText(deliverBy));
  const shortest = extensions.get("DELIVERBY");
  if (shortest === undefined) {
    return isFinal(mailer) ? undefined : failed("5.4.7", "Server does not support Deliver By");
  }
  const left = remainingSeconds(envelope, deliverBy, now);
  const least = Number.parseInt(shortest, 10) || 0;
  return left < least ? failed("5.4.7", `Message can't be delivered in time; ${left} < ${least}`) : undefined;
}

function isFinal({ flags }: Mailer): boolean {
  return flags.has("l") || flags.has("z");
}

function byParameter({ envelope }: Job, extensions: Extensions, now: number): string {
  const { deliverBy } = envelope;
  if (deliverBy === undefined || !extensions.has("DELIVERBY")) return "";
  return ` BY=${remainingSeconds(envelope, deliverBy, now)};${lettersOf(deliverBy)}`;
}

function lettersOf({ mode, trace }: DeliverBy): string {
  return `${mode === "return" ? "R" : "N"}${trace ? "T" : ""}`;
}

/** @param delay a delay in time is told by nobody unless this server is asked to (RFC 2852 §4.1.4.2) */
function recipientParameters({ recipient }: JobRecipient, delay: boolean): string {
  let parameters = "";
  const notify = delay ? withDelay(recipient.notify) : recipient.notify;
  if (notify !== undefined && notify.length > 0) parameters += ` NOTIFY=${notify.join(",")}`;
  // The form in ASCII is good for every server (RFC 6533 §3).
  const orcpt = recipient.orcpt?.replace(/^utf-8;.*/is, encodeUtf8Address);
  if (isSendable(orcpt)) parameters += ` ORCPT=${orcpt}`;
  return parameters;
}

function withDelay(notify: readonly Notify[] = ["FAILURE"]): readonly Notify[] {
  return notify.includes("NEVER") || notify.includes("DELAY") ? notify : [...notify, "DELAY"];
}

/** What a server's answers mean for one recipient. */
export interface Verdict {
  readonly recipient: JobRecipient;
  readonly outcome: Outcome;
  /** The server offers DSN and has taken the recipient over. */
  readonly passedOn: boolean;
  /** It has taken over the time of BY=, too. */
  readonly deliverByPassedOn?: boolean;
}

/** One verdict for each recipient that the transaction was prepared for. */
export function verdictsOf(
  job: Job,
  { transaction, asked, decided, dsn, deliverBy }: Prepared,
  result: TransactionResult | undefined,
  peer: Peer,
): Verdict[] {
  const verdicts: Verdict[] = [];
  for (const recipient of job.recipients) {
    const outcome = decided.get(recipient.index);
    if (outcome === undefined) continue;
    verdicts.push({ recipient, outcome: { ...outcome, relay: peer.relay, remoteMta: peer.name }, passedOn: false });
  }
  if (result === undefined) return verdicts;
  const outcomeAt = outcomesOf({ transaction, ...result }, peer, job.mailer.flags.has("l"));
  asked.forEach((recipient, position) => {
    const outcome = outcomeAt(position);
    const taken = outcome.action !== "failed" && outcome.action !== "delayed";
    const deliverByPassedOn = deliverBy && taken && job.envelope.deliverBy !== undefined;
    verdicts.push({ recipient, outcome, passedOn: dsn && taken, ...(deliverByPassedOn ? { deliverByPassedOn } : {}) });
  });
  return verdicts;
}

/** They differ in their recipients only. */
export function isSameVerdict(one: Verdict, other: Verdict): boolean {
  return (
    one.outcome === other.outcome &&
    one.passedOn === other.passedOn &&
    one.deliverByPassedOn === other.deliverByPassedOn
  );
}

/** @param at milliseconds since the epoch */
export function statusOf({ outcome, passedOn, deliverByPassedOn }: Verdict, at: number): RecipientStatus {
  return {
    ...outcome,
    ...(passedOn ? { passedOn } : {}),
    ...(deliverByPassedOn ? { deliverByPassedOn } : {}),
    at,
  };
}

/** What was asked, and what came back. */
interface Exchanged extends TransactionResult {
  readonly transaction: Transaction | undefined;
}

function always(outcome: Outcome): () => Outcome {
  return () => outcome;
}

/** What became of the recipient at each position. Those with the same last reply share an outcome. */
function outcomesOf(exchanged: Exchanged, peer: Peer, finalDelivery: boolean): (position: number) => Outcome {
  const { transaction, mail, recipients, data, final, failure } = exchanged;
  const lost = failure ?? { kind: "lost" as const, message: "no reply", during: "transaction" };
  const refused = (reply: string, step: Step, command?: string) => fromReply(reply, peer, step, undefined, command);
  // Out of step before the message: which reply was for which recipient is not known.
  if (mail === undefined || (lost.kind === "protocol" && data === undefined)) return always(fromFailure(lost, peer));
  if (replyKind(mail) !== "yes") return always(refused(mail, "MAIL", transaction && mailCommand(transaction)));
  let before: { readonly reply: string; readonly outcome: Outcome } | undefined;
  return (position) => {
    const recipient = recipients[position];
    if (recipient === undefined) return fromFailure(lost, peer);
    if (replyKind(recipient) !== "yes") {
      const command = transaction && rcptCommand(transaction.recipients[position]);
      return tooMany(position, recipient, recipients, peer) ?? refused(recipient, "RCPT", command);
    }
    if (data === undefined) return fromFailure(lost, peer);
    if (!data.startsWith("354")) return refused(data, "DATA", "DATA");
    const reply = final[position];
    if (reply === undefined) return fromFailure(lost, peer);
    if (before?.reply !== reply) {
      before = { reply, outcome: fromReply(reply, peer, "DATA", finalDelivery ? "delivered" : "relayed", "DATA") };
    }
    return before.outcome;
  };
}

/**
 * 552 for a recipient behind others that were accepted: old servers say so when a transaction has too many, and mean 452
 * (RFC 5321 §4.5.3.1.10). A code of its own about the mailbox (5.2.2 full) says that it means something else.
 */
function tooMany(
  position: number,
  reply: string,
  recipients: readonly (string | undefined)[],
  peer: Peer,
): Outcome | undefined {
  if (!reply.startsWith("552")) return undefined;
  const after = recipients.slice(0, position).some((each) => each !== undefined && replyKind(each) === "yes");
  const line = onOneLine(reply);
  const aboutMailbox = /^552[ -]5\.[1-46-9]\./.test(reply) && !/too many/i.test(reply);
  if (!after || aboutMailbox) return undefined;
  const details = { relay: peer.relay, remoteMta: peer.name, diagnostic: { type: "smtp", text: line } };
  return deferred("4.5.3", line, details);
}
