/** Reads control files: ours, those of a genuine sendmail (versions up to 8), and what an editor made of them. */
import { crc32 } from "node:zlib";
import type { DeliverBy } from "../envelope/deliver-by.ts";
import type { Recipient } from "../envelope/recipient.ts";
import type { HeaderField } from "../mail/header.ts";
import {
  BY_RETURN,
  BY_TRACE,
  MESSAGE_MACRO,
  type MessageExtras,
  notifyLetters,
  RECIPIENT_MACRO,
  type RecipientExtras,
  SEAL_MACRO,
} from "./control-file.ts";
import { checkFormat } from "./format.ts";
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

const SEAL = "\n${" + SEAL_MACRO + "}";

/**
 * Looks at the last line of a file of ours, which says what all others are: before any of them is believed. Files of format 1,
 * and those that a genuine sendmail has written, have none.
 * @param text latin1
 * @throws ControlFileError for another checksum, QueueFormatError for a newer format
 */
function checkSeal(text: string, id: string): void {
  const at = text.lastIndexOf(SEAL);
  if (at < 0) return;
  const [, format, checksum] = /^(\d{1,9}) ([0-9a-f]{8})\n/.exec(text.slice(at + SEAL.length)) ?? [];
  if (format !== undefined) checkFormat(`The control file of ${id}`, Number(format));
  const crc = crc32(Buffer.from(text.slice(0, at + 1), "latin1"));
  if (checksum !== undefined && Number.parseInt(checksum, 16) === crc) return;
  throw new ControlFileError(
    `The checksum is not that of the lines above: they are damaged, or were edited; without the line $\{${SEAL_MACRO}} ` +
      "they are taken as they are",
    text.slice(0, at + 1).split("\n").length,
  );
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
  deliverBy?: DeliverBy;
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
    if (typeof extras.given === "string") at.recipients.push({ state: "discarded", ...extras } as Recipient);
    else at.extras = extras;
  } else if (name === SEAL_MACRO) return; // Looked at before.
  else at.macros[name] = value;
}

/** A line that nobody can make sense of costs the message its time, not itself. */
function readDeliverBy(text: string, at: Reading): void {
  const found = /^([\x00-\x1f]) (-?\d{1,9})$/s.exec(text);
  if (found === null) return;
  const bits = found[1].charCodeAt(0);
  const mode = (bits & BY_RETURN) !== 0 ? "return" : "notify";
  at.deliverBy = { seconds: Number(found[2]), mode, trace: (bits & BY_TRACE) !== 0 };
}

/** A genuine sendmail keeps the angle brackets that addresses had in SMTP. */
const bare = (text: string): string => text.replace(/^<([^<>]*)>$/, "$1");

/** Addresses stand in ours as they are. */
const isOurs = ({ message }: Reading): boolean => message.arrived !== undefined;

function readRights(text: string, at: Reading): void {
  const [user = "", uid = "", gid = "", ...alias] = text.split(":");
  if (user === "") delete at.rights;
  else {
    const name = bare(alias.join(":"));
    const said = name === "" || name === user ? {} : { alias: name };
    at.rights = { user, uid: wholeNumber(uid, at), gid: wholeNumber(gid, at), ...said };
  }
}

function readRecipient(text: string, at: Reading): void {
  const [, letters = "", given = text] = /^([A-Z]*):(.*)$/s.exec(text) ?? [];
  const notify = notifyLetters.filter(([, letter]) => letters.includes(letter)).map(([value]) => value);
  const { rights, status, orcpt, extras } = at;
  at.recipients.push({
    given: isOurs(at) ? given : bare(given),
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

/** Takes the marks out that sendmail puts before octets with a meaning inside it. */
const unmark = (text: string): string => text.replaceAll(/\xff([\x80-\x9f\xff])/g, "$1");

function readHeader(text: string, at: Reading): void {
  const found = /^\?([^?]*)\?([^:\s]+)[ \t]*:(.*)$/s.exec(text) ?? /^()([^:\s]+)[ \t]*:(.*)$/s.exec(text);
  if (!found) throw new ControlFileError("Cannot find a field name and a colon in a header line", at.line);
  const [, flags, name, value] = found;
  // Only Return-Path: is stored with a macro in it; final delivery writes that field anew.
  if (name.toLowerCase() === "return-path" && value.includes(MACRO_MARK)) return;
  at.headers.push({ name, value: unmark(value).replaceAll("\n", "\r\n"), ...(flags === "" ? {} : { flags }) });
}

/** Letter → what its line says. Letters of sendmail that mean nothing here (I, d, E, L, D) are passed over. */
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
  S: (text, at) => (at.sender = isOurs(at) && text !== "<>" ? text : bare(text)),
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
  "!": readDeliverBy,
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
  // Ours tells held mail from quarantined mail; in a file of a genuine sendmail they are the same.
  const quarantined = message.quarantined ?? (message.group === undefined ? at.hold : undefined);
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
      ...(at.deliverBy === undefined ? {} : { deliverBy: at.deliverBy }),
      ...(message.requireTls === true ? { requireTls: true as const } : {}),
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
 * @throws ControlFileError, QueueFormatError
 */
export function parseControlFile(text: string, id: string): ParsedControlFile {
  checkSeal(text, id);
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
