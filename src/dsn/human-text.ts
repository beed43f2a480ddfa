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
import { reportText } from "./report-text.ts";

export interface HumanTextFacts {
  readonly envelope: Envelope;
  readonly plan: ReportPlan;
  /** `$_` of the original message: "joe@localhost", "mail.example.test [192.0.2.1]". */
  /** Milliseconds since the epoch. */
  readonly now: number;
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
  const lines = siteText.length > 0 ? [...siteText.map((line) => reportText(line)), ""] : [];
  if (failed.length === 0 && delayed.length > 0) lines.push(...WARNING_BOX, "");
  lines.push(`The original message was received at ${rfc5322Date(envelope.arrived)}`);
  if (origin !== undefined && origin !== "") lines.push(`from ${reportText(origin)}`);
  if (plan.kind === "double-bounce" && envelope.isReport) {
    lines.push("", "It was itself a report, so that its sender cannot be told.");
  }
  section(lines, "The following addresses had permanent fatal errors", failed, (each) => addressLines(envelope, each));
  section(lines, "The following addresses had transient non-fatal errors", delayed, (each) =>
    addressLines(envelope, each),
  );
  section(lines, "The following addresses had successful delivery notifications", delivered, (each) => [
    `${address(envelope, each.recipient)}  (${success(envelope, each)})`,
  ]);
  const transcript = [...failed, ...delayed, ...delivered].flatMap((each) => transcriptOf(envelope, each));
  lines.push("", heading("Transcript of session follows"), ...withoutRepetition(transcript));
  lines.push(...closingLines(facts));
  return lines;
}

function success(envelope: Envelope, each: ReportedRecipient): string {
  const notice = deliverByNotice(envelope, each);
  return notice === undefined ? (SUCCESS[each.status.action] ?? SUCCESS.delivered) : `Deliver-By ${notice}: relayed`;
}

const WARNING_BOX = [
  "    ********************************************************",
  "    **  This is a warning only: your message is still     **",
  "    **  waiting here. There is no need to send it again.  **",
  "    ********************************************************",
];

const SUCCESS: Readonly<Partial<Record<RecipientStatus["action"], string>>> & { readonly delivered: string } = {
  delivered: "successfully delivered to mailbox",
  relayed: "relayed to non-DSN-aware mailer",
  expanded: "expanded by mailing list",
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
  const { recipient, index, status } = each;
  const lines = [address(envelope, recipient)];
  if (status.diagnostic !== undefined) lines.push(`    (reason: ${reportText(status.diagnostic.text)})`);
  const asked = originalRecipient(envelope, index);
  if (asked !== recipient) lines.push(`    (expanded from: ${address(envelope, asked)})`);
  return lines;
}

/** What was said about one recipient: by the other host, and by us in the end. */
function transcriptOf(envelope: Envelope, each: ReportedRecipient): string[] {
  const { status } = each;
  const lines: string[] = [];
  if (status.remoteMta !== undefined && status.diagnostic?.type.toLowerCase() === "smtp") {
    lines.push(`... while talking to ${reportText(status.remoteMta)}:`);
    lines.push(`<<< ${reportText(status.diagnostic.text)}`);
  }
  const code = status.action === "failed" ? `${replyCode(status)} ${status.status} ` : "";
  lines.push(`${code}${address(envelope, each.recipient)}... ${reportText(status.text)}`);
  return lines;
}

function replyCode({ diagnostic, status }: RecipientStatus): string {
  return /^[245]\d\d/.exec(diagnostic?.text ?? "")?.[0] ?? (status.startsWith("5") ? "550" : "451");
}

/** Twenty recipients that one host refused need its name once. */
function withoutRepetition(lines: readonly string[]): string[] {
  let talking = "";
  return lines.filter((line) => {
    if (!line.startsWith("... while talking to ")) return true;
    const repeated = line === talking;
    talking = line;
    return !repeated;
  });
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
