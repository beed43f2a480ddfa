/** Opens a queue folder: lock, recovery, and the store over what was found. The entry point of this folder. */
import { dirname, join } from "node:path";
import { type Clock, systemClock } from "../sys/clock.ts";
import { DurableStore } from "./durable-store.ts";
import { type FileOperations, systemFiles } from "./file-operations.ts";
import { claimFormat } from "./format.ts";
import { formerFolders } from "./former-folders.ts";
import { Journal } from "./journal.ts";
import type { Loaded } from "./loader.ts";
import { lockQueue, type QueueLock } from "./lock.ts";
import type { LentQueue } from "./distant-queue.ts";
import { type PriorityFactors, standardFactors } from "./order.ts";
import type { QueueStore } from "./queue.ts";
import { openJournal } from "./recover.ts";
import { segmentNumber } from "./segment.ts";
import { SegmentChain } from "./segment-chain.ts";
import { findPlaces, type GroupPath } from "./spool-places.ts";
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
  /** Folders of queue groups, and those that QueueDirectory names with a `*`. */
  readonly groups?: readonly GroupPath[];
  /** Of control and body files, default 0600; segments of the journal are always 0600. */
  readonly fileMode?: number;
  /** Size of a journal segment and of the steps it grows by, octets. */
  readonly segmentSize?: number;
  readonly step?: number;
  /** Takes the lock of the folder; tests over files in memory bring their own. */
  readonly lock?: (directory: string) => Promise<QueueLock>;
  /** Called later with what an operator should know (failing disk, files that cannot be removed). */
  readonly report?: (text: string) => void;
}

export interface OpenedQueue {
  /** Accepts at once; what was there before is read behind that (loader.ts). */
  readonly store: QueueStore;
  /** Resolves when all of it was read: how many messages there were, held ones too, and what was found damaged or half-made. */
  readonly loaded: Promise<Loaded>;
  /** Lets another thread receive messages (distant-queue.ts), which `store.accept` takes; not after `close`. */
  lend(): LentQueue;
}

/**
 * Opens the queue, alone.
 * @throws QueueLockedError when another process has it; QueueFormatError when it is a newer server's; what the file system says when it cannot be read
 */
export async function openQueue(options: OpenQueueOptions): Promise<OpenedQueue> {
  const { directory, files = systemFiles } = options;
  const folder = join(directory, "journal");
  // Before anything changes here.
  const newest = await newestChange(files, directory, folder);
  await files.makeFolder(directory, 0o700);
  await files.makeFolder(folder, 0o700);
  await files.syncFolder(directory);
  // Its own name matters only when it is new, and the folder above may belong to others.
  await files.syncFolder(dirname(directory)).catch(() => undefined);
  const lock = await (options.lock ?? lockQueue)(directory);
  try {
    await claimFormat(files, directory);
    return await openLocked(options, files, folder, lock, newest);
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
  newest: number,
): Promise<OpenedQueue> {
  const { directory, clock = systemClock, report = () => undefined } = options;
  const { places, folders, reports } = await findPlaces(files, directory, options.groups ?? [], true);
  reports.forEach(report);
  (await formerFolders(files, directory, folders)).forEach(report);
  const spool = new SpoolStore(files, places, options.fileMode);
  const opened = await openJournal(files, folder);
  const segments = new SegmentChain(
    {
      files,
      folder,
      clock,
      report,
      ...(options.segmentSize === undefined ? {} : { segmentSize: options.segmentSize }),
      ...(options.step === undefined ? {} : { step: options.step }),
    },
    opened.segments,
    opened.nextNumber,
  );
  const journal = new Journal(segments, { clock, report });
  const store = new DurableStore({
    files,
    folder,
    opened,
    journal,
    spool,
    clock,
    report,
    newest,
    factors: options.factors ?? standardFactors,
    inlineLimit: options.inlineLimit ?? 1 << 20,
    latest: options.latest ?? Infinity,
    onClose: () => lock.release(),
  });
  const { groups = [], fileMode } = options;
  const lend = (): LentQueue => ({
    directory,
    groups,
    fileMode,
    inlineLimit: store.bodies.inlineLimit,
    ids: store.ids.lend(),
  });
  return { store, loaded: store.loaded, lend };
}

/** When something in the queue was last written to, or a name came or went, ms since the epoch. */
async function newestChange(files: FileOperations, directory: string, folder: string): Promise<number> {
  const [top, inside] = [await files.facts(directory), await files.facts(folder)];
  const names = inside ? (await files.list(folder)).filter((name) => segmentNumber(name) !== undefined) : [];
  const segments = await Promise.all(names.map((name) => files.facts(join(folder, name))));
  return Math.max(0, ...[top, inside, ...segments].map((each) => each?.modified ?? 0));
}
