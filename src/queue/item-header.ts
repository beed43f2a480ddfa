/**
 * Header fields are the bulk of an entry, and only an attempt needs them. Messages that wait for another try leave
 * theirs on the disk: a hundred thousand deferred messages must not fill the memory.
 */
import type { HeaderField } from "../mail/header.ts";
import { decodeRecord, isIntact, type MessageFacts, readHead } from "./journal-record.ts";
import type { Item, JournalPlace } from "./item.ts";
import type { QueueEntry } from "./queue.ts";
import type { SpoolStore } from "./spool-store.ts";

const NONE: readonly HeaderField[] = [];

/** The entry without its header: what the store keeps, and what recovery hands over. */
export function withoutHeader(entry: QueueEntry): QueueEntry {
  return { ...entry, envelope: { ...entry.envelope, headers: NONE } };
}

function withHeader(entry: QueueEntry, headers: readonly HeaderField[]): QueueEntry {
  return { ...entry, envelope: { ...entry.envelope, headers } };
}

/** Beside so many recipients a header is little, and reading it again would mean reading all of them. */
const MANY_RECIPIENTS = 1_000;

/** Lets go of the header, which is on disk. */
export function slimDown(item: Item): void {
  if (item.slim || item.entry.envelope.recipients.length >= MANY_RECIPIENTS) return;
  item.entry = withoutHeader(item.entry);
  item.slim = true;
}

async function headerInJournal({ segment, at, bodyAt, bodyLength }: JournalPlace): Promise<readonly HeaderField[]> {
  const octets = Buffer.allocUnsafe(bodyAt - at + bodyLength);
  const count = await segment.file.read(octets, at);
  const head = count === octets.length ? readHead(octets, 0, segment.number) : undefined;
  if (!head || !isIntact(octets, 0, head)) throw new Error(`The record at ${at} of ${segment.file.path} is damaged`);
  return (decodeRecord(octets, 0, head).facts as MessageFacts).envelope.headers;
}

/**
 * The entry with its header, read from the disk if need be. Changes nothing.
 * @throws when it cannot be read
 */
export async function wholeEntry(item: Item, spool: SpoolStore): Promise<QueueEntry> {
  if (!item.slim) return item.entry;
  const place = item.journal;
  try {
    const headers = place ? await headerInJournal(place) : (await spool.read(item.entry.id)).envelope.headers;
    return item.slim ? withHeader(item.entry, headers) : item.entry;
  } catch (error) {
    // Moved to the spool while we read, and its segment is gone.
    if (item.journal !== place && !item.isGone) return wholeEntry(item, spool);
    throw error;
  }
}

/** Brings the header back into memory. */
export async function bringHeader(item: Item, spool: SpoolStore): Promise<void> {
  const { headers } = (await wholeEntry(item, spool)).envelope;
  // Into what it is by now: it may have been held while we read.
  item.entry = withHeader(item.entry, headers);
  item.slim = false;
}
