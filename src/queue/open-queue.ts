/** Opens a queue folder: lock, recovery, and the store over what was found. The entry point of this folder. */
import { dirname, join } from "node:path";
import { type Clock, systemClock } from "../sys/clock.ts";
import { DurableStore } from "./durable-store.ts";
import { type FileOperations, systemFiles } from "./file-operations.ts";
import { claimFormat } from "./format.ts";
import { Journal } from "./journal.ts";
import { encodeRecord, RecordType } from "./journal-record.ts";
import { lockQueue, type QueueLock } from "./lock.ts";
import { type PriorityFactors, standardFactors } from "./order.ts";
import type { QueueEntry, QueueStore } from "./queue.ts";
import { QueueIds } from "./queue-id.ts";
import { recoverJournal } from "./recover.ts";
import { SegmentChain } from "./segment-chain.ts";
import { SpoolStore } from "./spool-store.ts";

export interface OpenQueueOptions {
  /** Control and body files lie here, the journal in `journal` below. Made (0700) when it is missing. */
  readonly directory: string;
  readonly files?: FileOperations;
  readonly clock?: Clock;
  readonly factors?: PriorityFactors;
  /** No message that is found waits longer than until then, ms since the epoch: others ran the queue before. */
  readonly latest?: number;
  /** Bodies up to this many octets go into the journal, default 1 MB. */
  readonly inlineLimit?: number;
  /** Size of a journal segment and of the steps it grows by, octets. */
  readonly segmentSize?: number;
  readonly step?: number;
  /** Takes the lock of the folder; tests over files in memory bring their own. */
  readonly lock?: (directory: string) => Promise<QueueLock>;
  /** Called later with what an operator should know (failing disk, files that cannot be removed). */
  readonly report?: (text: string) => void;
}

export interface OpenedQueue {
  readonly store: QueueStore;
  /** Every message that was there, held ones too. */
  readonly recovered: readonly QueueEntry[];
  /** What was found damaged or half-made. */
  readonly reports: readonly string[];
}

/**
 * Opens the queue, alone.
 * @throws QueueLockedError when another process has it; QueueFormatError when it is a newer server's; what the file system says when it cannot be read
 */
export async function openQueue(options: OpenQueueOptions): Promise<OpenedQueue> {
  const { directory, files = systemFiles } = options;
  const folder = join(directory, "journal");
  await files.makeFolder(directory, 0o700);
  await files.makeFolder(folder, 0o700);
  await files.syncFolder(directory);
  // Its own name matters only when it is new, and the folder above may belong to others.
  await files.syncFolder(dirname(directory)).catch(() => undefined);
  const lock = await (options.lock ?? lockQueue)(directory);
  try {
    await claimFormat(files, directory);
    return await openLocked(options, files, folder, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openLocked(
  options: OpenQueueOptions,
  files: FileOperations,
  folder: string,
  lock: QueueLock,
): Promise<OpenedQueue> {
  const { directory, clock = systemClock, report = () => undefined } = options;
  const spool = new SpoolStore(files, directory);
  const found = await recoverJournal(files, folder);
  const fromSpool = await spool.load(Infinity);
  const inSpool = new Set(fromSpool.entries.map(({ id }) => id));
  const messages = new Map(found.messages);
  // Moved to the spool, and the journal's note of it was lost: the files are right.
  const moved = [...messages.keys()].filter((id) => inSpool.has(id));
  for (const id of moved) {
    messages.get(id)!.segment.live--;
    messages.delete(id);
  }
  const segments = new SegmentChain(
    {
      files,
      folder,
      clock,
      report,
      ...(options.segmentSize === undefined ? {} : { segmentSize: options.segmentSize }),
      ...(options.step === undefined ? {} : { step: options.step }),
    },
    found.segments,
    found.nextNumber,
  );
  const journal = new Journal(segments, { clock, report });
  for (const id of moved) journal.note(RecordType.gone, encodeRecord(RecordType.gone, id, { why: "moved" }));
  const taken = new Set([...messages.keys(), ...inSpool]);
  const store = new DurableStore(
    {
      journal,
      spool,
      ids: new QueueIds(clock, (id) => taken.has(id)),
      clock,
      factors: options.factors ?? standardFactors,
      inlineLimit: options.inlineLimit ?? 1 << 20,
      latest: options.latest ?? Infinity,
      report,
      onClose: () => lock.release(),
    },
    messages.values(),
    fromSpool.entries,
  );
  return {
    store,
    recovered: store.list(),
    reports: [...found.reports, ...fromSpool.reports],
  };
}
