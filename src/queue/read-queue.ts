/**
 * Looks into a queue folder without the lock and without changing anything: for mailq while no daemon answers. A
 * daemon that works at the same time may take files away between two looks; then it looks again.
 */
import { join } from "node:path";
import { inspectFormat } from "./format.ts";
import { type FileOperations, hasCode, systemFiles } from "./file-operations.ts";
import type { MessageFacts, StateFacts } from "./journal-record.ts";
import type { QueueEntry } from "./queue.ts";
import { entryOfMessage, entryOfState } from "./entry-reader.ts";
import { openJournal, replayJournal, type ReplayTarget } from "./recover.ts";
import { findPlaces, type GroupPath } from "./spool-places.ts";
import { SpoolStore } from "./spool-store.ts";

export interface QueueContents {
  /** With those that cannot be read now (unreadable.ts). */
  readonly entries: readonly QueueEntry[];
  /** Control files that cannot be read. */
  readonly reports: readonly string[];
}

const TRIES = 5;

/** Keeps the entries themselves, without their headers. */
class Entries implements ReplayTarget {
  readonly entries = new Map<string, QueueEntry>();

  message(id: string, facts: MessageFacts): void {
    const entry = entryOfMessage(id, facts);
    this.entries.set(id, { ...entry, envelope: { ...entry.envelope, headers: [] } });
  }

  state(id: string, facts: StateFacts): void {
    if (this.entries.has(id)) this.entries.set(id, entryOfState(id, facts));
  }

  change(id: string, apply: (entry: QueueEntry) => QueueEntry): void {
    const entry = this.entries.get(id);
    if (entry) this.entries.set(id, apply(entry));
  }

  gone(id: string): void {
    this.entries.delete(id);
  }
}

async function readJournal(files: FileOperations, folder: string): Promise<ReadonlyMap<string, QueueEntry>> {
  for (let left = TRIES; ; left--) {
    try {
      const journal = await openJournal(files, folder);
      try {
        const target = new Entries();
        await replayJournal(files, folder, journal, target, "pass over");
        return target.entries;
      } finally {
        for (const { file } of journal.segments) await file.close();
      }
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      // A client queue has no journal; else a segment has just been dropped.
      if (left === 0 || !(await files.facts(folder))) return new Map();
    }
  }
}

/**
 * @param groups folders of queue groups, as for openQueue
 * @throws what the file system says: EACCES for those who may not look, ENOENT when there is no queue
 */
export async function readQueue(
  directory: string,
  groups: readonly GroupPath[] = [],
  files: FileOperations = systemFiles,
): Promise<QueueContents> {
  await inspectFormat(files, directory);
  const journal = await readJournal(files, join(directory, "journal"));
  const { places, reports } = await findPlaces(files, directory, groups, false);
  const spool = await new SpoolStore(files, places).load();
  const entries = new Map(journal);
  for (const entry of [...spool.entries, ...spool.unreadable]) entries.set(entry.id, entry);
  // Not the journal's: a record that is just being written looks torn, and the daemon reports what really is.
  return { entries: [...entries.values()], reports: [...reports, ...spool.reports] };
}
