/**
 * The table that mailq and sendmail -bp print, in sendmail's format (log and queue scripts read its columns).
 *
 *                     /var/spool/rulemail/queue (1 request)
 *     -----Q-ID----- --Size-- -----Q-Time----- ------------Sender/Recipient-----------
 *     5AKJRqnn019925*      15 Fri Nov 20 19:27 <anna@a.test>
 *                      (Deferred: Connection refused by b.test.)
 *                                              <bob@b.test>
 *                     Total requests: 1
 *
 * After the id: * being worked on, ? set aside as damaged, - tried too short a time ago, X the load is too high. Addresses that
 * came by SMTP stand in angle brackets, as they came.
 */
import type { ListedRecipient, QueueListing } from "../control/queue-listing.ts";

export interface QueuePrintOptions {
  /** -v: priorities and every recipient's status. */
  readonly verbose?: boolean;
  /** Ms since the epoch, and O MinQueueAge in ms: marks messages that were tried too short a time ago. */
  readonly now?: number;
  readonly minQueueAge?: number;
  /** True for a priority that the load keeps in the queue. */
  readonly isLoaded?: (priority: number) => boolean;
}

/** Column widths, with -v and without. */
const plain = { sender: 39, reason: 60, recipient: 38 };
const wide = { sender: 78, reason: 100, recipient: 71, rights: 64 };
/** Of what the last attempt said, which names the program, how it ended and what it printed: sendmail cuts it at 60 or 100. */
const STATUS_WIDTH = 200;

const PLAIN_HEAD = "-----Q-ID----- --Size-- -----Q-Time----- ------------Sender/Recipient-----------";
const WIDE_HEAD = "-----Q-ID----- --Size-- -Priority- ---Q-Time--- --------Sender/Recipient--------";
const STATUS_INDENT = " ".repeat(17);
const BODY_TYPE_WIDTH = 14;

/** Cut to a width, and harmless on a terminal: other octets than printable ASCII as \ooo. */
function shown(text: string, width: number): string {
  return text
    .slice(0, width)
    .replaceAll(/[^\x20-\x7e]|\\/g, (unit) =>
      unit === "\\" ? "\\\\" : `\\${unit.charCodeAt(0).toString(8).padStart(3, "0")}`,
    );
}

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const two = (value: number): string => String(value).padStart(2, "0");

/** "Nov  5 19:27", local time. */
function dayAndTime(at: Date): string {
  const day = String(at.getDate()).padStart(2);
  return `${months[at.getMonth()]} ${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

function mark(listing: QueueListing, { now = 0, minQueueAge = 0, isLoaded }: QueuePrintOptions): string {
  if (listing.claimed) return "*";
  if (listing.lost === true) return "?";
  if (minQueueAge > 0 && listing.lastTry !== undefined && now - listing.lastTry < minQueueAge) return "-";
  return isLoaded?.(listing.priority) === true ? "X" : " ";
}

/** Addresses of SMTP as they came, in angle brackets; others as whoever named them wrote them. */
function senderOf({ sender, protocol }: QueueListing): string {
  return sender === "" || (protocol !== undefined && !sender.startsWith("<")) ? `<${sender}>` : sender;
}

function recipientOf({ address, expanded }: ListedRecipient, { protocol }: QueueListing): string {
  const isBare = protocol === undefined || expanded === true || /^[<|/:"]/.test(address);
  return isBare ? address : `<${address}>`;
}

function* wideRecipients(listing: QueueListing): Generator<string> {
  let before: string | undefined;
  for (const recipient of listing.recipients) {
    const { status, rights } = recipient;
    if (rights !== before && rights !== undefined) yield `\t\t\t\t\t\t(---${shown(rights, wide.rights)}---)`;
    before = rights;
    yield `\t\t\t\t\t\t${shown(recipientOf(recipient, listing), wide.recipient)}`;
    if (status !== undefined) yield `\t\t (${shown(status, STATUS_WIDTH)})`;
  }
}

function* listingLines(listing: QueueListing, options: QueuePrintOptions): Generator<string> {
  const { verbose = false } = options;
  const width = verbose ? wide : plain;
  const arrived = new Date(listing.arrived);
  const when = verbose
    ? `${String(Math.round(listing.priority)).padStart(10)}${listing.warned ? "+" : " "}${dayAndTime(arrived)}`
    : `${days[arrived.getDay()]} ${dayAndTime(arrived)}`;
  const sender = shown(senderOf(listing), width.sender);
  yield `${listing.id.padStart(13)}${mark(listing, options)}${String(listing.size).padStart(8)} ${when} ${sender}`;
  if (listing.hold !== undefined) yield `     QUARANTINE: ${shown(listing.hold, width.reason)}`;
  const status = listing.status ?? listing.recipients.find((recipient) => recipient.status !== undefined)?.status;
  const bodyType = listing.bodyType?.padStart(BODY_TYPE_WIDTH);
  if (status !== undefined) {
    yield `${bodyType === undefined ? STATUS_INDENT : `${bodyType}   `}(${shown(status, STATUS_WIDTH)})`;
  } else if (bodyType !== undefined) yield bodyType;
  if (listing.waits !== undefined) yield `${STATUS_INDENT}(waits: ${shown(listing.waits, STATUS_WIDTH)})`;
  if (verbose) yield* wideRecipients(listing);
  else {
    for (const recipient of listing.recipients) {
      yield `\t\t\t\t\t ${shown(recipientOf(recipient, listing), width.recipient)}`;
    }
  }
}

/** One part of the queue: what lies in one folder. */
export interface QueueBlock {
  /** Its folder. */
  readonly name: string;
  readonly count: number;
  readonly entries: AsyncIterable<QueueListing> | Iterable<QueueListing>;
}

/** So many messages are sorted; of more, nobody waits for the last before he sees the first. */
const MOST_SORTED = 10_000;

/**
 * Prints one part of the queue in sendmail's format: most urgent message first, or of very many as they come (in the order
 * of arrival).
 * @param out gets complete lines
 */
export async function printBlock(
  { name, count, entries }: QueueBlock,
  options: QueuePrintOptions,
  out: (text: string) => void,
): Promise<void> {
  const { verbose = false } = options;
  if (count === 0) return out(`${name} is empty\n`);
  out(`\t\t${name} (${count} request${count === 1 ? "" : "s"})\n`);
  out(`${verbose ? WIDE_HEAD : PLAIN_HEAD}\n`);
  for await (const listing of count > MOST_SORTED ? entries : await byUrgency(entries)) {
    for (const line of listingLines(listing, options)) out(`${line}\n`);
  }
}

async function byUrgency(entries: QueueBlock["entries"]): Promise<readonly QueueListing[]> {
  const all: QueueListing[] = [];
  for await (const listing of entries) all.push(listing);
  return all.toSorted((a, b) => a.priority - b.priority || a.arrived - b.arrived);
}

/** The last line: how many in all. */
export function totalLine(count: number): string {
  return `\t\tTotal requests: ${count}\n`;
}
