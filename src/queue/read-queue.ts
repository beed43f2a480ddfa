/**
 * Looks into a queue folder without the lock and without changing anything: for mailq while no daemon answers. A
 * daemon that works at the same time may take files away between two looks; then it looks again.
 */
import { join } from "node:path";
import { inspectFormat } from "./format.ts";
import { type FileOperations, hasCode, systemFiles } from "./file-operations.ts";
import type { QueueEntry } from "./queue.ts";
import { recoverJournal, type RecoveredJournal } from "./recover.ts";
import { SpoolStore } from "./spool-store.ts";

export interface QueueContents {
  readonly entries: readonly QueueEntry[];
  /** Control files that cannot be read. */
  readonly reports: readonly string[];
}

const TRIES = 5;

async function readJournal(files: FileOperations, folder: string): Promise<RecoveredJournal | undefined> {
  for (let left = TRIES; ; left--) {
    try {
      return await recoverJournal(files, folder, "pass over");
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      // A client queue has no journal; else a segment has just been dropped.
      if (left === 0 || !(await files.facts(folder))) return undefined;
    }
  }
}

/** @throws what the file system says: EACCES for those who may not look, ENOENT when there is no queue */
export async function readQueue(directory: string, files: FileOperations = systemFiles): Promise<QueueContents> {
  await inspectFormat(files, directory);
  const journal = await readJournal(files, join(directory, "journal"));
  for (const { file } of journal?.segments ?? []) await file.close();
  const spool = await new SpoolStore(files, directory).load();
  const entries = new Map<string, QueueEntry>();
  for (const [id, { entry }] of journal?.messages ?? []) entries.set(id, entry);
  for (const entry of spool.entries) entries.set(entry.id, entry);
  // Not the journal's: a record that is just being written looks torn, and the daemon reports what really is.
  return { entries: [...entries.values()], reports: spool.reports };
}
