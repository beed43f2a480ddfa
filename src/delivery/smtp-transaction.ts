/**
 * One job as an SMTP transaction: parameters that the server understands (SIZE, BODY, SMTPUTF8, DSN, AUTH), recipients
 * it cannot be asked for, and the replies translated back to a status for every recipient.
 */
import type { RecipientStatus } from "../envelope/status.ts";
import type { Job, JobRecipient } from "./agent.ts";
import type { WrittenMessage } from "./message-writer.ts";
import { failed, type Outcome } from "./outcome.ts";
import { fromFailure, fromReply, type Peer } from "./reply-status.ts";
import type { ClientRecipient, Transaction, TransactionResult } from "./smtp-client.ts";

export interface PreparedMessage {
  /** Sender as the mailer sees it, "" for the null reverse-path. */
  readonly sender: string;
  readonly message: WrittenMessage;
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

/**
 * @param extensions EHLO keywords of the server
 * @param authenticated we have proved to the server who we are
 */
export function prepareTransaction(
  job: Job,
  { sender, message }: PreparedMessage,
  extensions: Extensions,
  authenticated: boolean,
): Prepared {
  const dsn = extensions.has("DSN");
  const decided = new Map<number, Outcome>();
  const asked: JobRecipient[] = [];
  const recipients: ClientRecipient[] = [];
  const wholeMessage = messageProblem(job, sender, message, extensions);
  let international = false;
  for (const each of job.recipients) {
    const address = withoutBrackets(each.triple.user);
    const problem = wholeMessage ?? addressProblem(address, extensions);
    if (problem !== undefined) decided.set(each.index, problem);
    else {
      asked.push(each);
      recipients.push({ address, parameters: dsn ? recipientParameters(each) : "" });
      international ||= NON_ASCII.test(address);
    }
  }
  if (asked.length === 0) return { asked, decided, dsn };
  const parameters = senderParameters(job, message, extensions, international || NON_ASCII.test(sender), authenticated);
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
  authenticated: boolean,
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
  // RFC 4954 §5: only a server that knows us may believe us who wrote it.
  if (envelope.auth !== undefined && authenticated && extensions.has("AUTH")) parameters += ` AUTH=${envelope.auth}`;
  return parameters;
}

function recipientParameters({ recipient }: JobRecipient): string {
  let parameters = "";
  if (recipient.notify !== undefined && recipient.notify.length > 0)
    parameters += ` NOTIFY=${recipient.notify.join(",")}`;
  if (recipient.orcpt !== undefined) parameters += ` ORCPT=${recipient.orcpt}`;
  return parameters;
}

/** One status for each recipient of the job. */
export function statusesOf(
  job: Job,
  { asked, decided, dsn }: Prepared,
  result: TransactionResult | undefined,
  peer: Peer,
  at: number,
): ReadonlyMap<number, RecipientStatus> {
  const statuses = new Map<number, RecipientStatus>();
  for (const [index, outcome] of decided) {
    statuses.set(index, { ...outcome, relay: peer.relay, remoteMta: peer.name, at });
  }
  if (result === undefined) return statuses;
  asked.forEach(({ index }, position) => {
    const outcome = outcomeAt(position, result, peer, job.mailer.flags.has("l"));
    const accepted = outcome.action !== "failed" && outcome.action !== "delayed";
    statuses.set(index, accepted && dsn ? { ...outcome, passedOn: true, at } : { ...outcome, at });
  });
  return statuses;
}

function outcomeAt(position: number, result: TransactionResult, peer: Peer, finalDelivery: boolean): Outcome {
  const { mail, recipients, data, final, failure } = result;
  const lost = failure ?? { kind: "lost" as const, message: "no reply", during: "transaction" };
  if (mail === undefined) return fromFailure(lost, peer);
  if (!mail.startsWith("2")) return fromReply(mail, peer, "MAIL");
  const recipient = recipients[position];
  if (recipient === undefined) return fromFailure(lost, peer);
  if (!recipient.startsWith("2")) return fromReply(recipient, peer, "RCPT");
  if (data === undefined) return fromFailure(lost, peer);
  if (!data.startsWith("3")) return fromReply(data, peer, "DATA");
  const last = final[position];
  if (last === undefined) return fromFailure(lost, peer);
  return fromReply(last, peer, "DATA", finalDelivery ? "delivered" : "relayed");
}
