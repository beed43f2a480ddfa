/**
 * The format of a queue: one number for all that lies in its folder. Every segment names it in its first record, every control
 * file in its last line, and the folder in a file of its own, so that an older server refuses the queue of a newer one before it
 * takes half of it for damaged. A newer server reads all older formats; test/golden/queue keeps a folder of each.
 *
 *     1   records RMQ1; control files of version 8 without a checksum
 *     2   the same; segments and control files name the format, control files carry a checksum; the journal may have
 *         state records (journal-record.ts)
 */
import { join } from "node:path";
import { type FileOperations, hasCode, readWhole, replaceFile } from "./file-operations.ts";

/** What this server writes, and the newest that it reads. */
export const QUEUE_FORMAT = 2;

/** In the folder of a queue: one line, the number of the format. Without it the format is 1. */
const FORMAT_FILE = "queue.format";

/** The queue, or something in it, was written by a newer server. */
export class QueueFormatError extends Error {
  override readonly name = "QueueFormatError";

  /** @param what a path */
  constructor(what: string, format: number | string) {
    super(
      `${what} is of format ${format}, which a newer rulemail has written; this one reads formats up to ${QUEUE_FORMAT}: ` +
        "start the newer one, or let it deliver what is queued first",
    );
  }
}

/** @throws QueueFormatError */
export function checkFormat(what: string, format: number): void {
  if (format > QUEUE_FORMAT) throw new QueueFormatError(what, format);
}

/** The number in a format file; 1 when there is no file. A file that says something else is no reason to keep mail back. */
async function namedFormat(files: FileOperations, path: string): Promise<number> {
  try {
    const { content } = await readWhole(files, path, 100);
    const found = /^(\d{1,9})\n/.exec(content.toString("latin1"));
    return found ? Number(found[1]) : 1;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return 1;
    throw error;
  }
}

/**
 * Makes sure that this server may work with the queue in a folder, and names the format that it writes there. Durable when it
 * resolves: whatever is written afterwards, no older server takes it for something else.
 * @throws QueueFormatError when a newer server has worked with it; what the file system says
 */
export async function claimFormat(files: FileOperations, folder: string): Promise<void> {
  const path = join(folder, FORMAT_FILE);
  const format = await namedFormat(files, path);
  checkFormat(`The queue ${folder}`, format);
  if (format === QUEUE_FORMAT) return;
  await replaceFile(files, folder, FORMAT_FILE, Buffer.from(`${QUEUE_FORMAT}\n`, "latin1"));
}

/** The same for somebody who only looks. */
export async function inspectFormat(files: FileOperations, folder: string): Promise<void> {
  checkFormat(`The queue ${folder}`, await namedFormat(files, join(folder, FORMAT_FILE)));
}
