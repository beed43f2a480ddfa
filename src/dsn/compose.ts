/**
 * Writes a report: multipart/report with a text for people, one for programs, and the message it is about, whole or
 * only its header (RFC 6522, RFC 3464).
 *
 * Pure apart from reading the returned body, which passes through in pieces and is never wholly in memory.
 */
import { isLate, lateText } from "../envelope/deliver-by.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { MessageReader } from "../envelope/message.ts";
import { durationInWords, rfc5322Date } from "../mail/date.ts";
import { foldField } from "../mail/fold.ts";
import { type HeaderField, isField } from "../mail/header.ts";
import { makeMessageId } from "../mail/message-id.ts";
import type { ReportPlan } from "./decide.ts";
import { deliveryStatus } from "./delivery-status.ts";
import { humanText } from "./human-text.ts";
import type { TypesOf } from "./named-recipient.ts";
import { reportText } from "./report-text.ts";

export interface ReportRequest {
  readonly plan: ReportPlan;
  /** The message that the report is about, and its body. */
  readonly envelope: Envelope;
  readonly message: MessageReader;
  /** Queue id of the report itself. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** $j. */
  readonly host: string;
  /** $n: the name that reports come from, usually MAILER-DAEMON. */
  readonly daemonName: string;
  /** Timeout.queuewarn and .queuereturn of the message in ms, 0 for none. */
  readonly warnAfter: number;
  readonly giveUpAfter: number;
  /** O ErrorHeader, as lines. */
  readonly siteText?: readonly string[];
  /** PrivacyOptions noactualrecipient. */
  readonly hideActual?: boolean;
  /** O SendMimeErrors=False: text alone, with the message behind it; no program reads it. */
  readonly plain?: boolean;
  /** T= of the mailers that recipients went to; absent: all addresses are Internet addresses. */
  readonly types?: TypesOf;
}

export interface Report {
  /** Complete but for Received:. Values begin with a blank, as in HeaderField. */
  readonly headers: readonly HeaderField[];
  /** The body with CRLF line ends; can be read once. */
  readonly body: AsyncIterable<Buffer>;
  /** The body has octets above 127 (BODY=8BITMIME). */
  readonly eightBit: boolean;
}

/** Puts the report together; nothing is read before `body` is. */
export function composeReport(request: ReportRequest): Report {
  const { envelope, id, now, host } = request;
  const boundary = makeBoundary(id, now, host);
  const { headersOnly } = request.plan;
  const returnsEightBit =
    (!headersOnly && envelope.eightBit) || envelope.headers.some(({ value }) => isEightBit(value));
  const eightBit = returnsEightBit || envelope.smtputf8;
  const parts = new Parts(boundary, returnsEightBit);
  return {
    headers: reportHeaders(request, boundary, eightBit),
    body: request.plain === true ? plainBody(request) : writeBody(request, parts, headersOnly),
    eightBit,
  };
}

const ASCII = /^[\x00-\x7f]*$/;

function isEightBit(text: string): boolean {
  return !ASCII.test(text);
}

/** RFC 2046 §5.1.1: at most 70 characters of a small set; queue id and time make it unique on this host. */
function makeBoundary(id: string, now: number, host: string): string {
  return `${id}.${Math.floor(now / 1000)}/${host}`.replace(/[^\w./-]/g, "_").slice(0, 70);
}

function reportHeaders(request: ReportRequest, boundary: string, eightBit: boolean): HeaderField[] {
  const { plan, id, now, host, daemonName, plain = false } = request;
  const mime = [
    field("MIME-Version", "1.0"),
    field("Content-Type", `multipart/report; report-type=delivery-status;\r\n\tboundary="${boundary}"`),
    ...(eightBit ? [field("Content-Transfer-Encoding", "8bit")] : []),
  ];
  return [
    field("Date", rfc5322Date(now)),
    field("From", `Mail Delivery Subsystem <${daemonName.includes("@") ? daemonName : `${daemonName}@${host}`}>`),
    field("Message-Id", makeMessageId(now, id, host)),
    field("To", plan.to.map((to) => `<${reportText(to, request.envelope.smtputf8)}>`).join(",\r\n\t")),
    ...(plain ? [] : mime),
    field("Subject", subject(request)),
    field("Auto-Submitted", `auto-generated (${reason(plan)})`),
  ];
}

function field(name: string, value: string): HeaderField {
  return { name, value: ` ${value}` };
}

function subject({ plan, envelope, now, warnAfter }: ReportRequest): string {
  if (plan.kind !== "notice") return "Postmaster notify: see transcript for details";
  if (plan.failed.length > 0) return "Returned mail: see transcript for details";
  const { deliverBy } = envelope;
  if (plan.delayed.length > 0 && deliverBy !== undefined && isLate(envelope, now)) {
    return `Warning: ${lateText(deliverBy)}`;
  }
  if (plan.delayed.length > 0) return `Warning: could not send message for past ${durationInWords(warnAfter)}`;
  return "Return receipt";
}

function reason({ kind, failed, delayed }: ReportPlan): string {
  if (kind !== "notice") return "postmaster-notification";
  if (failed.length > 0) return "failure";
  return delayed.length > 0 ? "warning-timeout" : "return-receipt";
}

/** Frames of the parts between boundaries. */
class Parts {
  readonly #boundary: string;
  readonly returnsEightBit: boolean;

  constructor(boundary: string, returnsEightBit: boolean) {
    this.#boundary = boundary;
    this.returnsEightBit = returnsEightBit;
  }

  begin(type: string, eightBit = false): string {
    const encoding = eightBit ? "Content-Transfer-Encoding: 8bit\r\n" : "";
    return `\r\n--${this.#boundary}\r\nContent-Type: ${type}\r\n${encoding}\r\n`;
  }

  end(): string {
    return `\r\n--${this.#boundary}--\r\n`;
  }
}

async function* writeBody(request: ReportRequest, parts: Parts, headersOnly: boolean): AsyncGenerator<Buffer> {
  const { envelope, message } = request;
  const { smtputf8 } = envelope;
  yield octets(
    "This is a report about mail, in MIME format.\r\n" +
      parts.begin(smtputf8 ? "text/plain; charset=utf-8" : "text/plain; charset=us-ascii", smtputf8) +
      joined(peopleText(request)) +
      parts.begin(smtputf8 ? "message/global-delivery-status" : "message/delivery-status", smtputf8) +
      joined(statusLines(request)) +
      parts.begin(returnedType(smtputf8, headersOnly), parts.returnsEightBit) +
      originalHeader(request),
  );
  if (!headersOnly) {
    yield octets("\r\n");
    yield* readBody(message);
  }
  yield octets(parts.end());
}

/** As sendmail writes reports without MIME. */
async function* plainBody(request: ReportRequest): AsyncGenerator<Buffer> {
  const { message, plan } = request;
  const title = plan.headersOnly ? "Message header follows" : "Original message follows";
  yield octets(joined([...peopleText(request), "", `   ----- ${title} -----`, ""]) + originalHeader(request) + "\r\n");
  if (!plan.headersOnly) yield* readBody(message);
  else if (plan.failed.length > 0) yield octets("   ----- Message body suppressed -----\r\n");
}

function peopleText(request: ReportRequest): string[] {
  return humanText({ ...request, siteText: request.siteText ?? [], origin: request.envelope.macros._ });
}

function statusLines(request: ReportRequest): string[] {
  const { plan, envelope, host, giveUpAfter, hideActual = false, types = () => undefined } = request;
  const giveUpAt = giveUpAfter > 0 ? envelope.arrived + giveUpAfter : 0;
  // What users of this machine hand in comes over no network, and from no MTA.
  const { client_port: port = "", client_name: receivedFrom = "" } = envelope.macros;
  const facts = {
    envelope,
    host,
    giveUpAt,
    hideActual,
    types,
    receivedFrom: port === "" || receivedFrom === "" ? undefined : receivedFrom,
  };
  return deliveryStatus(facts, [...plan.failed, ...plan.delayed, ...plan.delivered]);
}

/** RFC 6522 §3, RFC 6533 §3 for messages with UTF-8 in their header. */
function returnedType(smtputf8: boolean, headersOnly: boolean): string {
  if (smtputf8) return headersOnly ? "message/global-headers" : "message/global";
  return headersOnly ? "text/rfc822-headers" : "message/rfc822";
}

/**
 * The header as it was received and completed, with the sender as final delivery shows him (RFC 5321 §4.4). It is part of a
 * body now, whose long lines would be cut on the way.
 */
function originalHeader({ plan, envelope }: ReportRequest): string {
  const { headers, smtputf8 } = envelope;
  const returnPath = field("Return-Path", `<${reportText(senderOf(plan, envelope), smtputf8)}>`);
  return [returnPath, ...headers.filter((each) => !isField(each, "Return-Path"))]
    .map((each) => `${each.name}:${foldField(each, LONGEST_RETURNED_LINE)}\r\n`)
    .join("");
}

/** Whoever the message went out for: its sender, or the owner of the list who hears of it. */
function senderOf({ to, failed, delayed }: ReportPlan, { sender }: Envelope): string {
  const owner = [...failed, ...delayed][0]?.recipient.owner;
  return sender !== "" && owner !== undefined && to.includes(owner) ? owner : sender;
}

/** Mailers cut the lines of bodies at this length, mostly (L= of the mailers for SMTP). */
const LONGEST_RETURNED_LINE = 990;

async function* readBody(message: MessageReader): AsyncGenerator<Buffer> {
  const whole = await message.bytes();
  if (whole !== undefined) {
    yield whole;
    return;
  }
  const stream = message.stream();
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } finally {
    stream.destroy();
  }
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\r\n`).join("");
}

/** Text of ours is latin1: one code unit per octet. */
function octets(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
