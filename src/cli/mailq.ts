/**
 * mailq and sendmail -bp: the queue as a table, in sendmail's format (log and queue scripts read its columns).
 * Asks the daemon; when none answers, looks into the queue folders itself.
 *
 *                     /var/spool/rulemail (1 request)
 *     -----Q-ID----- --Size-- -----Q-Time----- ------------Sender/Recipient-----------
 *     5AKJRqnn019925*      15 Fri Nov 20 19:27 anna@a.test
 *                      (Deferred: Connection refused by b.test.)
 *                                              bob@b.test
 *                     Total requests: 1
 *
 * After the id: * being worked on, - tried too short a time ago, X the load is too high.
 */
import { connectControl, NoDaemonError } from "../control/client.ts";
import { type ListedRecipient, listingOf, type QueueListing } from "../control/queue-listing.ts";
import type { QueueFilter } from "../queue/filter.ts";

export interface QueuePrintOptions {
  /** Name of the queue in the first line, usually its folder. */
  readonly name: string;
  /** -v: priorities and every recipient's status. */
  readonly verbose?: boolean;
  /** Ms since the epoch, and O MinQueueAge in ms: marks messages that were tried too short a time ago. */
  readonly now?: number;
  readonly minQueueAge?: number;
  /** The load keeps mail in the queue. */
  readonly loaded?: boolean;
}

/** Column widths, with -v and without. */
const plain = { sender: 39, status: 60, recipient: 38 };
const wide = { sender: 78, status: 100, recipient: 71, rights: 64 };

const PLAIN_HEAD = "-----Q-ID----- --Size-- -----Q-Time----- ------------Sender/Recipient-----------";
const WIDE_HEAD = "-----Q-ID----- --Size-- -Priority- ---Q-Time--- --------Sender/Recipient--------";
const STATUS_INDENT = " ".repeat(17);

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** Cut to a width, and harmless on a terminal: other octets than printable ASCII as \ooo. */
function shown(text: string, width: number): string {
  return text
    .slice(0, width)
    .replaceAll(/[^\x20-\x7e]|\\/g, (unit) => escapes[unit] ?? `\\${unit.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const two = (value: number): string => String(value).padStart(2, "0");

/** "Nov  5 19:27", local time. */
function dayAndTime(at: Date): string {
  const day = String(at.getDate()).padStart(2);
  return `${months[at.getMonth()]} ${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

function mark(listing: QueueListing, { now = 0, minQueueAge = 0, loaded = false }: QueuePrintOptions): string {
  if (listing.claimed) return "*";
  if (minQueueAge > 0 && listing.lastTry !== undefined && now - listing.lastTry < minQueueAge) return "-";
  return loaded ? "X" : " ";
}

function* wideRecipient({ address, status, rights }: ListedRecipient): Generator<string> {
  if (rights !== undefined) yield `\t\t\t\t\t\t(---${shown(rights, wide.rights)}---)`;
  yield `\t\t\t\t\t\t${shown(address, wide.recipient)}`;
  if (status !== undefined) yield `\t\t (${shown(status, wide.status)})`;
}

function* listingLines(listing: QueueListing, options: QueuePrintOptions): Generator<string> {
  const { verbose = false } = options;
  const width = verbose ? wide : plain;
  const arrived = new Date(listing.arrived);
  const when = verbose
    ? `${String(Math.round(listing.priority)).padStart(10)}${listing.warned ? "+" : " "}${dayAndTime(arrived)}`
    : `${days[arrived.getDay()]} ${dayAndTime(arrived)}`;
  const sender = listing.sender === "" ? "<>" : shown(listing.sender, width.sender);
  yield `${listing.id}${mark(listing, options)}${String(listing.size).padStart(8)} ${when} ${sender}`;
  if (listing.hold !== undefined) yield `     QUARANTINE: ${shown(listing.hold, width.status)}`;
  const status = listing.recipients.find((recipient) => recipient.status !== undefined)?.status;
  if (status !== undefined) yield `${STATUS_INDENT}(${shown(status, width.status)})`;
  if (listing.waits !== undefined) yield `${STATUS_INDENT}(waits: ${shown(listing.waits, wide.status)})`;
  if (listing.bodyType !== undefined) yield `      ${listing.bodyType}`;
  for (const recipient of listing.recipients) {
    if (verbose) yield* wideRecipient(recipient);
    else yield `\t\t\t\t\t ${shown(recipient.address, width.recipient)}`;
  }
}

/**
 * Prints the queue in sendmail's format, most urgent message first.
 * @param out gets complete lines
 */
export function printQueue(
  entries: readonly QueueListing[],
  options: QueuePrintOptions,
  out: (text: string) => void,
): void {
  const { name, verbose = false } = options;
  if (entries.length === 0) out(`${name} is empty\n`);
  else {
    out(`\t\t${name} (${entries.length} request${entries.length === 1 ? "" : "s"})\n`);
    out(`${verbose ? WIDE_HEAD : PLAIN_HEAD}\n`);
  }
  for (const listing of entries.toSorted((a, b) => a.priority - b.priority || a.arrived - b.arrived)) {
    for (const line of listingLines(listing, options)) out(`${line}\n`);
  }
  out(`\t\tTotal requests: ${entries.length}\n`);
}

export interface QueueSource {
  /** The daemon's control socket. */
  readonly socket?: string;
  /** The queue folder, for the case that no daemon answers. */
  readonly directory: string;
  readonly filter?: QueueFilter;
}

/**
 * The messages that match: from the daemon, else from the folder.
 * @throws what the file system says when the folder cannot be read
 */
export async function fetchQueue({ socket, directory, filter = {} }: QueueSource): Promise<readonly QueueListing[]> {
  if (socket !== undefined) {
    try {
      const client = await connectControl(socket);
      try {
        return await client.list(filter);
      } finally {
        client.close();
      }
    } catch (error) {
      if (!(error instanceof NoDaemonError)) throw error;
    }
  }
  const [{ readQueue }, { matcherOf }] = await Promise.all([
    import("../queue/read-queue.ts"),
    import("../queue/filter.ts"),
  ]);
  const { entries } = await readQueue(directory);
  return entries.filter(matcherOf(filter)).map((entry) => listingOf(entry, false));
}
