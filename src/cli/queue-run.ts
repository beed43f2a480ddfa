/**
 * `sendmail -q...`: has the running server work on its queue now; without one, does it here and ends when it is done.
 * With -Q nothing is delivered: what -q selects is quarantined (-Qreason) or released (-Q).
 */
import { connectControl, NoDaemonError } from "../control/client.ts";
import { queueFolder } from "../config/queue-folder.ts";
import { homeFolder } from "../daemon/home.ts";
import type { QueueFilter } from "../queue/filter.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";
import { filterOf } from "./queue-arguments.ts";
import { withServerHere } from "./server-here.ts";
import { openForCommand, surroundings } from "./system.ts";

export async function runQueue(args: SendmailArguments): Promise<ExitCode> {
  const filter = filterOf(args.queueRun);
  const { quarantine } = args;
  const { controlSocket } = homeFolder();
  try {
    const client = await connectControl(controlSocket);
    try {
      if (quarantine === undefined) await client.run(filter);
      else if (quarantine === "") await client.release({ ...filter, held: true });
      else await client.hold(filter, quarantine);
      return EX.OK;
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof NoDaemonError)) throw error;
    if (quarantine === undefined) return runHere(args, filter);
    process.stderr.write(`sendmail: -Q needs the running server, and none answers at ${controlSocket}\n`);
    return EX.UNAVAILABLE;
  }
}

async function runHere(args: SendmailArguments, filter: QueueFilter): Promise<ExitCode> {
  const around = surroundings();
  const opened = await openForCommand(args, around);
  if (typeof opened === "number") return opened;
  const here = { site: opened, settings: args.settings, around, warn };
  try {
    await withServerHere(here, (server) => server.runner.runOnce(filter));
    return EX.OK;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    process.stderr.write(`sendmail: ${queueIsClosed(queueFolder(opened.config))}\n`);
    return EX.NOPERM;
  }
}

function warn(text: string): void {
  process.stderr.write(`sendmail: warning: ${text}\n`);
}

export function isForbidden(error: unknown): boolean {
  return ["EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/** What to say to who may not read the queue. */
export function queueIsClosed(folder: string): string {
  return `user ${process.geteuid?.()} may not see the queue ${folder}: ask as root, or as the user that runs the server`;
}
