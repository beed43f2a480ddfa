/**
 * Control files: one message's envelope as text, in the format that sendmail documents (version 8), so that an
 * operator reads it with `cat` and a genuine sendmail can take the queue over, or hand its own to us.
 *
 *     V8                                  version
 *     T1795202872                         arrived, seconds since the epoch
 *     K1795203000                         last attempt, 0 for none
 *     N1                                  attempts
 *     P90094                              priority
 *     MDeferred: Connection refused       what mailq shows of the message; before S
 *     F8dn                                8: eight-bit, d: RET= given, n: no body back, r: a report, w: warned, e: SMTPUTF8
 *     B8BITMIME                           BODY=
 *     qsuspicious                         quarantine reason
 *     $_root@localhost                    macro; long names in braces: ${client_addr}192.0.2.1
 *     Sa@example.test                     sender; S<> is the null reverse-path
 *     Zenv1                               ENVID=
 *     Aa@example.test                     AUTH=
 *     !^A 120                             BY=120;N: an octet (1: N, 2: R, and 16: T), a blank, seconds from arrival
 *     Clist:1001:100:list                 rights of the recipients below: user:uid:gid:alias; C: for none
 *     MDeferred: Connection refused       what became of the recipient below; after S
 *     Qrfc822;bob@example.org             ORCPT=
 *     rRFC822; bob@example.org            final recipient
 *     RPNFD:bob@example.org               recipient; P primary, N NOTIFY= given; told of S success, F failure, D delay
 *     H??Subject: hi                      header field, with the mailer flags of which one is needed
 *     ${rulemail_seal}2 1a2b3c4d          ours only: format (format.ts), CRC-32 of all octets above this line
 *     .                                   end
 *
 * What sendmail has no letter for stands in two macros that it reads without harm: ${rulemail_message} once, and
 * ${rulemail_recipient} before each recipient (also before those that are done, which have no R line). Both are JSON;
 * without them (a file of a genuine sendmail, or one edited by hand) the plain lines are enough.
 */
import type { DeliverBy } from "../envelope/deliver-by.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { isOpen, type Recipient } from "../envelope/recipient.ts";
import type { Notify } from "../mail/notify.ts";
import type { HeaderField } from "../mail/header.ts";
import { crc32 } from "node:zlib";
import { asciiJson } from "../sys/terminal-text.ts";
import { QUEUE_FORMAT } from "./format.ts";
import type { QueueEntry } from "./queue.ts";

/** Facts of the message that have no line of their own. */
export interface MessageExtras {
  readonly group: string;
  readonly arrived: number;
  readonly lastTry?: number;
  readonly nextTry: number;
  readonly bodySize: number;
  readonly messageClass: number;
  readonly warnedAt?: number;
  readonly quarantined?: string;
  readonly requireTls?: true;
}

export type RecipientExtras = Omit<Recipient, "given" | "orcpt" | "notify" | "rights"> & { readonly given?: string };

/** JSON in seven bits: sendmail gives octets above 127 in macro values a meaning of its own. */
export const MESSAGE_MACRO = "rulemail_message";
export const RECIPIENT_MACRO = "rulemail_recipient";
/** Stands last: a genuine sendmail that rewrites the file leaves it out, and with it what it said of the old octets. */
export const SEAL_MACRO = "rulemail_seal";

/** One line of a control file cannot hold a line end. */
const oneLine = (text: string): string => text.replaceAll(/[\r\n]+/g, " ");

const macroLine = (name: string, value: string): string =>
  `$${name.length === 1 ? name : `{${name}}`}${oneLine(value)}`;

function flagLetters({ eightBit, ret, isReport, warnedAt, smtputf8 }: Envelope): string {
  const letters: readonly (readonly [string, boolean])[] = [
    ["8", eightBit],
    ["d", ret !== undefined],
    ["n", ret === "HDRS"],
    ["r", isReport],
    ["w", warnedAt !== undefined],
    ["e", smtputf8],
  ];
  return letters.map(([letter, set]) => (set ? letter : "")).join("");
}

export const notifyLetters: readonly (readonly [Notify, string])[] = [
  ["SUCCESS", "S"],
  ["FAILURE", "F"],
  ["DELAY", "D"],
];

function* recipientLines(recipients: readonly Recipient[]): Generator<string> {
  let rightsBefore = "";
  for (const recipient of recipients) {
    const { given, orcpt, notify, rights, ...extras } = recipient;
    const open = isOpen(recipient);
    yield macroLine(RECIPIENT_MACRO, asciiJson(open ? extras : { ...extras, given }));
    if (!open) continue;
    const rightsNow = rights ? `${rights.user}:${rights.uid}:${rights.gid}:${rights.alias ?? rights.user}` : "";
    if (rightsNow !== rightsBefore) yield `C${rightsNow === "" ? ":" : oneLine(rightsNow)}`;
    rightsBefore = rightsNow;
    if (recipient.status) yield `M${oneLine(recipient.status.text)}`;
    if (orcpt !== undefined) yield `Q${oneLine(orcpt)}`;
    const letters = notify
      ? `N${notifyLetters.map(([value, letter]) => (notify.includes(value) ? letter : "")).join("")}`
      : "FD"; // What is meant when nothing is said; without letters a genuine sendmail would keep failures to itself.
    yield `R${recipient.parent === undefined ? "P" : ""}${letters}:${oneLine(given)}`;
  }
}

/** sendmail marks octets that have a meaning inside it (0200 to 0237, 0377) with 0377 in front, in header values only. */
const MARK = "\xff";
const mark = (text: string): string => text.replaceAll(/[\x80-\x9f\xff]/g, `${MARK}$&`);

/** CRLF becomes LF; a line end inside a value that no blank follows would begin another line of the file. */
function headerLine({ name, value, flags }: HeaderField): string {
  const folded = value.replaceAll(/\r\n|\n|\r/g, "\n").replaceAll(/\n(?![ \t])/g, "\n\t");
  return `H?${flags ?? ""}?${name}:${mark(folded)}`;
}

/** Bits of the octet in a `!` line. */
const BY_NOTIFY = 0x01;
export const BY_RETURN = 0x02;
export const BY_TRACE = 0x10;

function deliverByLine({ seconds, mode, trace }: DeliverBy): string {
  const bits = (mode === "return" ? BY_RETURN : BY_NOTIFY) | (trace ? BY_TRACE : 0);
  return `!${String.fromCharCode(bits)} ${seconds}`;
}

/** Octets of a part, about. */
const PART = 64 << 10;

/** The control file of an entry, as octets (latin1), in parts: that of a large list is large. */
export function* controlFileParts(entry: QueueEntry): Generator<Buffer, void, undefined> {
  let text = "";
  let crc = 0;
  for (const line of lines(entry)) {
    text += `${line}\n`;
    if (text.length < PART) continue;
    const part = Buffer.from(text, "latin1");
    crc = crc32(part, crc);
    yield part;
    text = "";
  }
  const rest = Buffer.from(text, "latin1");
  yield rest;
  yield Buffer.from(`${macroLine(SEAL_MACRO, sealOf(crc32(rest, crc)))}\n.\n`, "latin1");
}

function sealOf(crc: number): string {
  return `${QUEUE_FORMAT} ${crc.toString(16).padStart(8, "0")}`;
}

function* lines(entry: QueueEntry): Generator<string> {
  const { envelope } = entry;
  const flags = flagLetters(envelope);
  const extras: MessageExtras = {
    group: entry.group,
    arrived: envelope.arrived,
    ...(entry.lastTry === undefined ? {} : { lastTry: entry.lastTry }),
    nextTry: entry.nextTry,
    bodySize: envelope.bodySize,
    messageClass: envelope.messageClass,
    ...(envelope.warnedAt === undefined ? {} : { warnedAt: envelope.warnedAt }),
    ...(envelope.quarantined === undefined ? {} : { quarantined: envelope.quarantined }),
    ...(envelope.requireTls && { requireTls: envelope.requireTls }),
  };
  const status = envelope.recipients.find((recipient) => isOpen(recipient) && recipient.status)?.status;
  yield "V8";
  yield `T${Math.floor(envelope.arrived / 1000)}`;
  yield `K${Math.floor((entry.lastTry ?? 0) / 1000)}`;
  yield `N${entry.attempts}`;
  yield `P${Math.round(entry.priority)}`;
  if (status) yield `M${oneLine(status.text)}`;
  if (flags !== "") yield `F${flags}`;
  if (envelope.bodyType !== undefined) yield `B${envelope.bodyType}`;
  if (entry.hold !== undefined) yield `q${oneLine(entry.hold)}`;
  for (const [name, value] of Object.entries(envelope.macros)) yield macroLine(name, value);
  yield macroLine(MESSAGE_MACRO, asciiJson(extras));
  yield `S${envelope.sender === "" ? "<>" : oneLine(envelope.sender)}`;
  if (envelope.envid !== undefined) yield `Z${oneLine(envelope.envid)}`;
  if (envelope.auth !== undefined) yield `A${oneLine(envelope.auth)}`;
  if (envelope.deliverBy !== undefined) yield deliverByLine(envelope.deliverBy);
  yield* recipientLines(envelope.recipients);
  for (const field of envelope.headers) yield headerLine(field);
}
