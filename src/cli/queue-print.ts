/** `mailq`, `sendmail -bp`: what waits in the queue, from the running server or from its folders. */
import { homeFolder } from "../daemon/home.ts";
import { queueFolder } from "../config/queue-folder.ts";
import { NO_QUEUE } from "../daemon/free-space.ts";
import type { QueueListing } from "../control/queue-listing.ts";
import type { QueueFilter } from "../queue/filter.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";
import { fetchQueue, printQueue } from "./mailq.ts";
import { filterOf, isForbidden, queueIsClosed } from "./queue-run.ts";
import { openForCommand } from "./system.ts";

export async function showQueue(args: SendmailArguments): Promise<ExitCode> {
  const opened = await openForCommand(args);
  if (typeof opened === "number") return opened;
  const { options } = opened.config;
  const directory = queueFolder(opened.config);
  // What is quarantined is shown when it is asked for (-qQ), and only then.
  const entries = await entriesOf("mailq", directory, { held: false, ...filterOf(args.queueRun) });
  if (typeof entries === "number") return entries;
  printQueue(
    entries,
    { name: directory, verbose: args.verbose, now: Date.now(), minQueueAge: options.time("MinQueueAge") },
    (text) => void process.stdout.write(text),
  );
  await opened.close();
  return EX.OK;
}

/** -bP: only how many. */
export async function countQueue(args: SendmailArguments): Promise<ExitCode> {
  const opened = await openForCommand(args);
  if (typeof opened === "number") return opened;
  const entries = await entriesOf("sendmail", queueFolder(opened.config));
  if (typeof entries === "number") return entries;
  process.stdout.write(`Total requests: ${entries.length}\n`);
  await opened.close();
  return EX.OK;
}

/** The messages, or the end status when they are not for whoever asks. */
async function entriesOf(
  name: string,
  directory: string,
  filter: QueueFilter = {},
): Promise<readonly QueueListing[] | ExitCode> {
  if (directory === "") {
    process.stderr.write(`${NO_QUEUE}\n`);
    return EX.CONFIG;
  }
  try {
    return await fetchQueue({ socket: homeFolder().controlSocket, directory, filter });
  } catch (error) {
    if (!isForbidden(error)) throw error;
    process.stderr.write(`${name}: ${queueIsClosed(directory)}\n`);
    return EX.NOPERM;
  }
}
