/**
 * The part of a report that people read. Its sections and their order are those that people (and programs that read
 * bounces) know from sendmail.
 */
import { isLate, lateText, tooLateText } from "../envelope/deliver-by.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import { durationInWords, rfc5322Date } from "../mail/date.ts";
import type { ReportedRecipient, ReportPlan } from "./decide.ts";
import { deliverByNotice } from "./deliver-by.ts";
import { originalRecipient } from "./delivery-status.ts";
import { isLocalObject } from "./named-recipient.ts";
import { type Kind, kindOf, plainWords } from "./plain-words.ts";
import { reportText } from "./report-text.ts";

export interface HumanTextFacts {
  readonly envelope: Envelope;
  readonly plan: ReportPlan;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** `$_` of the original message: "joe@localhost", "mail.example.test [192.0.2.1]". */
  readonly origin?: string;
  /** O ErrorHeader: lines that this site puts on top. */
  readonly siteText: readonly string[];
  /** Timeouts of this message in ms, 0 for none: until the warning, until it is given up. */
  readonly warnAfter: number;
  readonly giveUpAfter: number;
}

export function humanText(facts: HumanTextFacts): string[] {
  const { envelope, plan, origin, siteText } = facts;
  const { failed, delayed, delivered } = plan;
  const lines: string[] = [];
  if (failed.length === 0 && delayed.length > 0) lines.push(...WARNING_BOX, "");
  lines.push(`The original message was received at ${rfc5322Date(envelope.arrived)}`);
  if (origin !== undefined && origin !== "") lines.push(`from ${reportText(origin)}`);
  // Who runs this server can look it up in the log.
  if (plan.kind !== "notice") lines.push(`with id ${envelope.id}`);
  if (siteText.length > 0) lines.push("", ...siteText.map((line) => reportText(line)));
  lines.push("", ...plainWords(plan, ({ index }) => address(envelope, originalRecipient(envelope, index))));
  section(lines, "The following addresses had permanent fatal errors", failed, (each) => addressLines(envelope, each));
  section(lines, "The following addresses had transient non-fatal errors", delayed, (each) =>
    addressLines(envelope, each),
  );
  section(lines, "The following addresses had successful delivery notifications", delivered, (each) => [
    `${address(envelope, each.recipient)}  (${success(envelope, each)})`,
    ...expandedFrom(envelope, each),
  ]);
  const transcript = transcriptOf(envelope, [...failed, ...delayed, ...delivered]);
  lines.push("", heading("Transcript of session follows"), ...transcript);
  lines.push(...closingLines(facts));
  return lines;
}

function success(envelope: Envelope, each: ReportedRecipient): string {
  const notice = deliverByNotice(envelope, each);
  if (notice !== undefined) return `Deliver-By ${notice}: relayed`;
  const kind = kindOf(each.status);
  return kind === "failed" || kind === "delayed" ? each.status.text : SUCCESS[kind];
}

const WARNING_BOX = [
  "    ********************************************************",
  "    **  This is a warning only: your message is still     **",
  "    **  waiting here. There is no need to send it again.  **",
  "    ********************************************************",
];

const SUCCESS: Readonly<Record<Exclude<Kind, "failed" | "delayed">, string>> = {
  delivered: "successfully delivered to mailbox",
  relayed: "relayed to non-DSN-aware mailer",
  expanded: "expanded by alias",
  list: "successfully delivered to mailing list",
};

/** What the transcript says of those who have the message. */
const DONE: Readonly<Record<Exclude<Kind, "failed" | "delayed">, string>> = {
  delivered: "Successfully delivered",
  relayed: "relayed; expect no further notifications",
  expanded: "expanded; expect no reports of success for its members",
  list: "delivered to mailing list",
};

function heading(text: string): string {
  return `   ----- ${text} -----`;
}

function section(
  lines: string[],
  title: string,
  recipients: readonly ReportedRecipient[],
  write: (recipient: ReportedRecipient) => readonly string[],
): void {
  if (recipients.length > 0) lines.push("", heading(title), ...recipients.flatMap(write));
}

/** Addresses stand in angle brackets, programs in quotes, names of users and files as they are. */
function address({ smtputf8 }: Envelope, recipient: ReportedRecipient["recipient"]): string {
  const { given } = recipient;
  const text = reportText(given, smtputf8);
  if (isLocalObject(recipient)) return given.startsWith("|") ? `"${text}"` : text;
  return given.includes("@") ? `<${text}>` : text;
}

function addressLines(envelope: Envelope, each: ReportedRecipient): string[] {
  const { recipient, status } = each;
  const lines = [address(envelope, recipient)];
  const reason = reasonOf(status);
  if (reason !== undefined) lines.push(`    (reason: ${reportText(reason)})`);
  return [...lines, ...expandedFrom(envelope, each)];
}

/** The address that the sender has written, when an alias led on from it. */
function expandedFrom(envelope: Envelope, { recipient, index }: ReportedRecipient): string[] {
  const asked = originalRecipient(envelope, index);
  return asked.given === recipient.given ? [] : [`    (expanded from: ${address(envelope, asked)})`];
}

/** The reply of a server, the words of a program; without any, our words for its exit status. */
function reasonOf({ diagnostic, text, lastText }: RecipientStatus): string | undefined {
  if (diagnostic?.type.toLowerCase() !== "x-unix") return diagnostic?.text ?? lastText;
  return remarkOf(diagnostic) ?? lastText ?? text;
}

/** What a program has printed, without its exit status: "67 no such mailbox". */
function remarkOf(diagnostic: NonNullable<RecipientStatus["diagnostic"]>): string | undefined {
  const remark = diagnostic.text.replace(/^\d{1,3}(?: |$)/, "");
  return remark === "" ? undefined : remark;
}

/** What was said: by other hosts and programs, and by us in the end. Twenty recipients that one host refused need its name once. */
function transcriptOf(envelope: Envelope, recipients: readonly ReportedRecipient[]): string[] {
  const lines: string[] = [];
  let host: string | undefined;
  let exchange: string | undefined;
  for (const each of recipients) {
    const { remoteMta, asked } = each.status;
    const said = saidAbout(envelope, each.status);
    const words = said.join("\n");
    if (remoteMta !== undefined && said.length > 0 && remoteMta !== host) {
      lines.push(`... while talking to ${reportText(remoteMta)}:`);
      exchange = undefined;
    }
    host = said.length > 0 ? remoteMta : host;
    // An answer to MAIL or DATA is about all recipients.
    if (words !== exchange || asked?.startsWith("RCPT") === true) lines.push(...said);
    exchange = words;
    lines.push(outcomeLine(envelope, each));
  }
  return lines;
}

function saidAbout({ smtputf8 }: Envelope, { action, diagnostic, asked, remoteMta }: RecipientStatus): string[] {
  if ((action !== "failed" && action !== "delayed") || diagnostic === undefined) return [];
  if (diagnostic.type.toLowerCase() === "x-unix") {
    const remark = remarkOf(diagnostic);
    return remark === undefined ? [] : [reportText(remark)];
  }
  if (remoteMta === undefined) return [];
  const question = asked === undefined ? [] : [`>>> ${reportText(asked, smtputf8)}`];
  return [...question, `<<< ${reportText(diagnostic.text, smtputf8)}`];
}

function outcomeLine(envelope: Envelope, { recipient, status }: ReportedRecipient): string {
  const kind = kindOf(status);
  const name = address(envelope, recipient);
  if (kind !== "failed" && kind !== "delayed") return `${name}... ${DONE[kind]}`;
  // That its time is over stands below, once for all.
  if (status.lastText !== undefined) return `${name}... ${reportText(status.lastText)}`;
  const code = kind === "failed" ? `${replyCode(status)} ${status.status} ` : "";
  return `${code}${name}... ${reportText(status.text)}`;
}

function replyCode({ diagnostic, status }: RecipientStatus): string {
  return /^[245]\d\d/.exec(diagnostic?.text ?? "")?.[0] ?? (status.startsWith("5") ? "550" : "451");
}

/** RFC 3463: delivery time expired. */
const EXPIRED: ReadonlySet<string> = new Set(["4.4.7", "5.4.7"]);

function closingLines({ envelope, plan, now, warnAfter, giveUpAfter }: HumanTextFacts): string[] {
  const { failed, delayed } = plan;
  const { deliverBy } = envelope;
  const lines: string[] = [];
  if (delayed.length > 0) {
    const late = deliverBy !== undefined && isLate(envelope, now) ? lateText(deliverBy) : undefined;
    lines.push(`Warning: ${late ?? `message still undelivered after ${durationInWords(warnAfter)}`}`);
    if (giveUpAfter > 0) lines.push(`Will keep trying until message is ${durationInWords(giveUpAfter)} old`);
  }
  if (deliverBy !== undefined && failed.some(({ status }) => status.text === tooLateText(deliverBy))) {
    lines.push(tooLateText(deliverBy), "Message will be deleted from queue");
  } else if (
    failed.some(({ status }) => (deliverBy === undefined ? EXPIRED.has(status.status) : status.status === "4.4.7"))
  ) {
    lines.push(`Message could not be delivered for ${durationInWords(giveUpAfter)}`);
    lines.push("Message will be deleted from queue");
  }
  return lines;
}
