/**
 * One job as an SMTP transaction: parameters that the server understands (SIZE, BODY, SMTPUTF8, DSN, AUTH), recipients
 * it cannot be asked for, and the replies translated back to a status for every recipient.
 */
import type { Job, JobRecipient } from "../agent.ts";
import type { BodyForms } from "./body-forms.ts";
import type { WrittenMessage } from "../message-writer.ts";
import { deferred, failed, type Outcome } from "../outcome.ts";
import type { MacroScope } from "../../rewriting/macro-scope.ts";
import { replyKind } from "./reply-reader.ts";
import { fromFailure, fromReply, onOneLine, type Peer } from "./reply-status.ts";
import type { ClientRecipient, Transaction, TransactionResult } from "./exchange.ts";

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
}

type Extensions = ReadonlyMap<string, string>;

const NON_ASCII = /[^\x00-\x7f]/;
/** Line ends and NUL in an address would be commands of their own. */
const UNSENDABLE = /[\r\n\0]/;

/** @param extensions EHLO keywords of the server */
export function prepareTransaction(
  job: Job,
  { sender, message }: { readonly sender: string; readonly message: WrittenMessage },
  { extensions }: { readonly extensions: Extensions },
  { refused, authParameter }: Beforehand,
): Prepared {
  const dsn = extensions.has("DSN");
  const decided = new Map<number, Outcome>();
  const asked: JobRecipient[] = [];
  const recipients: ClientRecipient[] = [];
  const wholeMessage = messageProblem(job, sender, message, extensions);
  let international = false;
  for (const each of job.recipients) {
    const address = withoutBrackets(each.triple.user);
    const problem = refused.get(each.index) ?? wholeMessage ?? addressProblem(address, extensions);
    if (problem !== undefined) decided.set(each.index, problem);
    else {
      asked.push(each);
      recipients.push({ address, parameters: dsn ? recipientParameters(each) : "" });
      international ||= NON_ASCII.test(address);
    }
  }
  if (asked.length === 0) return { asked, decided, dsn };
  const parameters = senderParameters(job, message, extensions, international || NON_ASCII.test(sender), authParameter);
  const octets = message.octets ?? (() => message.stream());
  return { transaction: { sender, parameters, recipients, message: octets }, asked, decided, dsn };
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
  const limit = Number(extensions.get("SIZE") ?? 0);
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
    if (envelope.envid !== undefined) parameters += ` ENVID=${envelope.envid}`;
  }
  // RFC 4954 §5; AuthOptions=A is for servers that want it only from those they know.
  if (envelope.auth !== undefined && authParameter && extensions.has("AUTH")) parameters += ` AUTH=${envelope.auth}`;
  return parameters;
}

function recipientParameters({ recipient }: JobRecipient): string {
  let parameters = "";
  if (recipient.notify !== undefined && recipient.notify.length > 0)
    parameters += ` NOTIFY=${recipient.notify.join(",")}`;
  if (recipient.orcpt !== undefined) parameters += ` ORCPT=${recipient.orcpt}`;
  return parameters;
}

/** What a server's answers mean for one recipient. */
export interface Verdict {
  readonly recipient: JobRecipient;
  readonly outcome: Outcome;
  /** The server offers DSN and has taken the recipient over. */
  readonly passedOn: boolean;
}

/** One verdict for each recipient that the transaction was prepared for. */
export function verdictsOf(
  job: Job,
  { asked, decided, dsn }: Prepared,
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
  asked.forEach((recipient, position) => {
    const outcome = outcomeAt(position, result, peer, job.mailer.flags.has("l"));
    verdicts.push({ recipient, outcome, passedOn: dsn && outcome.action !== "failed" && outcome.action !== "delayed" });
  });
  return verdicts;
}

function outcomeAt(position: number, result: TransactionResult, peer: Peer, finalDelivery: boolean): Outcome {
  const { mail, recipients, data, final, failure } = result;
  const lost = failure ?? { kind: "lost" as const, message: "no reply", during: "transaction" };
  // Out of step before the message: which reply was for which recipient is not known.
  if (mail === undefined || (lost.kind === "protocol" && data === undefined)) return fromFailure(lost, peer);
  if (replyKind(mail) !== "yes") return fromReply(mail, peer, "MAIL");
  const recipient = recipients[position];
  if (recipient === undefined) return fromFailure(lost, peer);
  if (replyKind(recipient) !== "yes") {
    return tooMany(position, recipient, recipients, peer) ?? fromReply(recipient, peer, "RCPT");
  }
  if (data === undefined) return fromFailure(lost, peer);
  if (!data.startsWith("354")) return fromReply(data, peer, "DATA");
  const last = final[position];
  if (last === undefined) return fromFailure(lost, peer);
  return fromReply(last, peer, "DATA", finalDelivery ? "delivered" : "relayed");
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
