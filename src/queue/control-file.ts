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
 *     Clist:1001:100:list                 rights of the recipients below: user:uid:gid:alias; C: for none
 *     MDeferred: Connection refused       what became of the recipient below; after S
 *     Qrfc822;bob@example.org             ORCPT=
 *     rRFC822; bob@example.org            final recipient
 *     RPNFD:bob@example.org               recipient; P primary, N NOTIFY= given: S success, F failure, D delay
 *     H??Subject: hi                      header field, with the mailer flags of which one is needed
 *     .                                   end
 *
 * What sendmail has no letter for stands in two macros that it reads without harm: ${rulemail_message} once, and
 * ${rulemail_recipient} before each recipient (also before those that are done, which have no R line). Both are JSON;
 * without them (a file of a genuine sendmail, or one edited by hand) the plain lines are enough.
 */
import type { Envelope } from "../envelope/envelope.ts";
import type { Notify, Recipient } from "../envelope/recipient.ts";
import type { HeaderField } from "../mail/header.ts";
import { isOpen } from "./entry.ts";
import type { QueueEntry } from "./queue.ts";

/** What is wrong with a control file, and where. */
export class ControlFileError extends Error {
  override readonly name = "ControlFileError";
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/** Facts of the message that have no line of their own. */
interface MessageExtras {
  readonly group: string;
  readonly arrived: number;
  readonly lastTry?: number;
  readonly nextTry: number;
  readonly bodySize: number;
  readonly messageClass: number;
  readonly warnedAt?: number;
  readonly quarantined?: string;
}

type RecipientExtras = Omit<Recipient, "given" | "orcpt" | "notify" | "rights"> & { readonly given?: string };

const MESSAGE_MACRO = "rulemail_message";
const RECIPIENT_MACRO = "rulemail_recipient";

/** JSON in seven bits: sendmail gives octets above 127 in macro values a meaning of its own. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

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

const notifyLetters: readonly (readonly [Notify, string])[] = [
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
    const rightsNow = rights ? `${rights.user}:${rights.uid}:${rights.gid}:${rights.user}` : "";
    if (rightsNow !== rightsBefore) yield `C${rightsNow === "" ? ":" : oneLine(rightsNow)}`;
    rightsBefore = rightsNow;
    if (recipient.status) yield `M${oneLine(recipient.status.text)}`;
    if (orcpt !== undefined) yield `Q${oneLine(orcpt)}`;
    const letters = notify
      ? `N${notifyLetters.map(([value, letter]) => (notify.includes(value) ? letter : "")).join("")}`
      : "";
    yield `R${recipient.parent === undefined ? "P" : ""}${letters}:${oneLine(given)}`;
  }
}

/** sendmail marks octets that have a meaning inside it (0200 to 0237, 0377) with 0377 in front, in header values only. */
const MARK = "\xff";
const mark = (text: string): string => text.replaceAll(/[\x80-\x9f\xff]/g, `${MARK}$&`);
const unmark = (text: string): string => text.replaceAll(/\xff([\x80-\x9f\xff])/g, "$1");

/** CRLF becomes LF; a line end inside a value that no blank follows would begin another line of the file. */
function headerLine({ name, value, flags }: HeaderField): string {
  const folded = value.replaceAll(/\r\n|\n|\r/g, "\n").replaceAll(/\n(?![ \t])/g, "\n\t");
  return `H?${flags ?? ""}?${name}:${mark(folded)}`;
}

/** The control file of an entry, as octets (latin1). */
export function formatControlFile(entry: QueueEntry): Buffer {
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
  };
  const status = envelope.recipients.find((recipient) => isOpen(recipient) && recipient.status)?.status;
  const lines = [
    "V8",
    `T${Math.floor(envelope.arrived / 1000)}`,
    `K${Math.floor((entry.lastTry ?? 0) / 1000)}`,
    `N${entry.attempts}`,
    `P${Math.round(entry.priority)}`,
    ...(status ? [`M${oneLine(status.text)}`] : []),
    ...(flags === "" ? [] : [`F${flags}`]),
    ...(envelope.bodyType === undefined ? [] : [`B${envelope.bodyType}`]),
    ...(entry.hold === undefined ? [] : [`q${oneLine(entry.hold)}`]),
    ...Object.entries(envelope.macros).map(([name, value]) => macroLine(name, value)),
    macroLine(MESSAGE_MACRO, asciiJson(extras)),
    `S${envelope.sender === "" ? "<>" : oneLine(envelope.sender)}`,
    ...(envelope.envid === undefined ? [] : [`Z${oneLine(envelope.envid)}`]),
    ...(envelope.auth === undefined ? [] : [`A${oneLine(envelope.auth)}`]),
    ...recipientLines(envelope.recipients),
    ...envelope.headers.map(headerLine),
    ".",
    "",
  ];
  return Buffer.from(lines.join("\n"), "latin1");
}

/** What the lines have said so far. */
interface Reading {
  readonly id: string;
  line: number;
  version: number;
  arrived: number;
  lastTry: number;
  attempts: number;
  priority: number;
  flags: string;
  bodyType?: string;
  hold?: string;
  macros: Record<string, string>;
  message: Partial<MessageExtras>;
  sender?: string;
  envid?: string;
  auth?: string;
  recipients: Recipient[];
  /** Lines that belong to the next R line. */
  rights?: Recipient["rights"];
  status?: string | undefined;
  orcpt?: string;
  extras?: Partial<RecipientExtras>;
  headers: HeaderField[];
  ended: boolean;
}

function wholeNumber(text: string, at: Reading): number {
  if (!/^-?\d{1,15}$/.test(text)) throw new ControlFileError(`Cannot read "${text.slice(0, 40)}" as a number`, at.line);
  return Number(text);
}

function parseJson(text: string, at: Reading): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below, with the line.
  }
  throw new ControlFileError(`Cannot read the value of a rulemail macro: not a JSON object`, at.line);
}

function readMacro(text: string, at: Reading): void {
  const [, long, short] = /^(?:\{([^}]*)\}|(.))/s.exec(text) ?? [];
  const name = long ?? short;
  if (name === undefined) throw new ControlFileError("Cannot find a macro name after $", at.line);
  const value = text.slice(long === undefined ? 1 : long.length + 2);
  if (name === MESSAGE_MACRO) at.message = parseJson(value, at);
  else if (name === RECIPIENT_MACRO) {
    const extras = parseJson(value, at) as Partial<RecipientExtras>;
    if (typeof extras.given === "string") at.recipients.push(extras as Recipient);
    else at.extras = extras;
  } else at.macros[name] = value;
}

function readRights(text: string, at: Reading): void {
  const [user = "", uid = "", gid = ""] = text.split(":");
  if (user === "") delete at.rights;
  else at.rights = { user, uid: wholeNumber(uid, at), gid: wholeNumber(gid, at) };
}

function readRecipient(text: string, at: Reading): void {
  const [, letters = "", given = text] = /^([A-Z]*):(.*)$/s.exec(text) ?? [];
  const notify = notifyLetters.filter(([, letter]) => letters.includes(letter)).map(([value]) => value);
  const { rights, status, orcpt, extras } = at;
  at.recipients.push({
    given,
    state: status === undefined ? "todo" : "deferred",
    ...(rights ? { rights } : {}),
    ...(orcpt === undefined ? {} : { orcpt }),
    ...(letters.includes("N") ? { notify: notify.length > 0 ? notify : (["NEVER"] as const) } : {}),
    ...(status === undefined || extras
      ? {}
      : { status: { action: "delayed", status: "4.0.0", text: status, at: at.lastTry } as const }),
    ...extras,
  });
  delete at.status;
  delete at.orcpt;
  delete at.extras;
}

/** sendmail's mark before a macro name in a stored header value. */
const MACRO_MARK = "\x81";

function readHeader(text: string, at: Reading): void {
  const found = /^\?([^?]*)\?([^:\s]+)[ \t]*:(.*)$/s.exec(text) ?? /^()([^:\s]+)[ \t]*:(.*)$/s.exec(text);
  if (!found) throw new ControlFileError("Cannot find a field name and a colon in a header line", at.line);
  const [, flags, name, value] = found;
  // Only Return-Path: is stored with a macro in it; final delivery writes that field anew.
  if (name.toLowerCase() === "return-path" && value.includes(MACRO_MARK)) return;
  at.headers.push({ name, value: unmark(value).replaceAll("\n", "\r\n"), ...(flags === "" ? {} : { flags }) });
}

/** Letter → what its line says. Letters of sendmail that mean nothing here (I, d, E, L, D, !) are passed over. */
const readers: Readonly<Record<string, (text: string, at: Reading) => void>> = {
  V: (text, at) => (at.version = wholeNumber(text, at)),
  T: (text, at) => (at.arrived = wholeNumber(text, at) * 1000),
  K: (text, at) => (at.lastTry = wholeNumber(text, at) * 1000),
  N: (text, at) => (at.attempts = wholeNumber(text, at)),
  P: (text, at) => (at.priority = wholeNumber(text, at)),
  F: (text, at) => (at.flags = text),
  B: (text, at) => (at.bodyType = text.toUpperCase()),
  q: (text, at) => (at.hold = text),
  $: readMacro,
  S: (text, at) => (at.sender = text === "<>" ? "" : text),
  Z: (text, at) => (at.envid = text),
  A: (text, at) => (at.auth = text),
  C: readRights,
  // Before the sender it is about the whole message, which its recipients say better.
  M: (text, at) => (at.status = at.sender === undefined ? undefined : text),
  Q: (text, at) => (at.orcpt = text),
  R: readRecipient,
  H: readHeader,
  ".": (_, at) => (at.ended = true),
  r: ignore,
  I: ignore,
  d: ignore,
  E: ignore,
  L: ignore,
  D: ignore,
  "!": ignore,
};

function ignore(): void {
  // The line has nothing that we use.
}

function entryOf(at: Reading): QueueEntry {
  const { id, message, flags, bodyType, macros, sender } = at;
  if (sender === undefined) throw new ControlFileError("Cannot find a sender (S line)", at.line);
  const arrived = message.arrived ?? at.arrived;
  const lastTry = message.lastTry ?? (at.lastTry > 0 ? at.lastTry : undefined);
  const isReport = flags.includes("r");
  const quarantined = message.quarantined ?? at.hold;
  const warnedAt = message.warnedAt ?? (flags.includes("w") ? (lastTry ?? arrived) : undefined);
  return {
    id,
    envelope: {
      id,
      // A genuine sendmail keeps the sender of its reports by this name.
      sender: isReport && sender.toUpperCase() === "MAILER-DAEMON" ? "" : sender,
      recipients: at.recipients,
      headers: at.headers,
      bodySize: message.bodySize ?? 0,
      eightBit: flags.includes("8"),
      ...(bodyType === "7BIT" || bodyType === "8BITMIME" ? { bodyType } : {}),
      smtputf8: flags.includes("e"),
      ...(at.envid === undefined ? {} : { envid: at.envid }),
      ...(flags.includes("d") || flags.includes("n") ? { ret: flags.includes("n") ? "HDRS" : "FULL" } : {}),
      ...(at.auth === undefined ? {} : { auth: at.auth }),
      arrived,
      macros,
      isReport,
      messageClass: message.messageClass ?? 0,
      ...(quarantined === undefined ? {} : { quarantined }),
      ...(warnedAt === undefined ? {} : { warnedAt }),
    },
    group: message.group ?? "mqueue",
    priority: at.priority,
    attempts: at.attempts,
    ...(lastTry === undefined ? {} : { lastTry }),
    nextTry: message.nextTry ?? lastTry ?? arrived,
    ...(at.hold === undefined ? {} : { hold: at.hold }),
  };
}

/** True when the file told the body's size in CRLF form; else the reader of the df file has to count. */
export interface ParsedControlFile {
  readonly entry: QueueEntry;
  readonly knowsBodySize: boolean;
}

/**
 * Reads a control file.
 * @param text latin1
 * @throws ControlFileError
 */
export function parseControlFile(text: string, id: string): ParsedControlFile {
  const at: Reading = {
    id,
    line: 0,
    version: 0,
    arrived: 0,
    lastTry: 0,
    attempts: 0,
    priority: 0,
    flags: "",
    macros: {},
    message: {},
    recipients: [],
    headers: [],
    ended: false,
  };
  const lines = text.split("\n");
  for (let next = 0; next < lines.length && !at.ended;) {
    at.line = next + 1;
    let line = lines[next++];
    while (next < lines.length && /^[ \t]/.test(lines[next])) line += `\n${lines[next++]}`;
    if (line === "" || line.startsWith("#")) continue;
    const reader = readers[line[0]];
    if (!reader) throw new ControlFileError(`Cannot read a line that begins with "${line[0]}"`, at.line);
    reader(line.slice(1), at);
  }
  if (at.version === 0) throw new ControlFileError("Cannot find a version (V line)", 1);
  if (at.version > 8) throw new ControlFileError(`Cannot read version ${at.version}, only up to 8`, 1);
  if (!at.ended) throw new ControlFileError('Cannot find the end (a line with "." alone)', lines.length);
  return { entry: entryOf(at), knowsBodySize: at.message.bodySize !== undefined };
}
