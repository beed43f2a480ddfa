/** Why a command cannot read or work on a queue, in words for whoever typed it. */
import { ControlError } from "../control/client.ts";
import { QueueFormatError } from "../queue/format.ts";
import { QueueLockedError } from "../queue/lock.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
/** Why a queue cannot be worked on or read, and what to end with; undefined for an accident. */
export function queueProblem(
  error: unknown,
  folder: string,
): { readonly text: string; readonly exit: ExitCode } | undefined {
  if (error instanceof QueueLockedError) return { text: error.message, exit: EX.TEMPFAIL };
  if (error instanceof QueueFormatError) return { text: error.message, exit: EX.OSFILE };
  if (error instanceof ControlError) return { text: error.message, exit: EX.UNAVAILABLE };
  return isForbidden(error) ? { text: queueIsClosed(folder), exit: EX.NOPERM } : undefined;
}

export function isForbidden(error: unknown): boolean {
  return ["EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/** What to say to who may not read the queue. */
function queueIsClosed(folder: string): string {
  return `user ${process.geteuid?.()} may not see the queue ${folder}: ask as root, or as the user that runs the server`;
}
