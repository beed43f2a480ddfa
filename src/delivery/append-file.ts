/** The task behind the *file* mailer: appends a message to a named file, if that file is safe to append to. */
import { constants, type Stats } from "node:fs";
import { open } from "node:fs/promises";
import { dotlock, flock, PathQueue } from "../sys/lock.ts";
import { fromSystemError, type TaskArgument, type TaskInput, type TaskResult } from "../rights/task.ts";
import { appendOrCutBack, MAILBOX_LOCK } from "./mbox.ts";

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;

export interface FileArgument extends TaskArgument {
  readonly path: string;
  /** DontBlameSendmail: FileDeliveryToSymLink, FileDeliveryToHardLink. */
  readonly allowSymLink: boolean;
  readonly allowHardLink: boolean;
}

/** What waiting does not change: somebody has to put it right, and the sender shall know. */
const REFUSALS: ReadonlyMap<string, string> = new Map([
  ["ELOOP", "not a regular file"],
  ["EISDIR", "not a regular file"],
  ["ENXIO", "not a regular file"],
  ["EACCES", "Permission denied"],
  ["EPERM", "Operation not permitted"],
  ["ENOENT", "No such file or directory"],
  ["ENOTDIR", "Not a directory"],
]);

const queue = new PathQueue();

export function appendToFile(argument: TaskArgument, input: TaskInput, signal: AbortSignal): Promise<TaskResult> {
  const { path } = argument as FileArgument;
  return queue.run(path, async () => {
    try {
      return await append(argument as FileArgument, input, signal);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const reason = REFUSALS.get(code ?? "");
      if (reason !== undefined) return refused(path, reason);
      return fromSystemError(error, path);
    }
  });
}

async function append(argument: FileArgument, input: TaskInput, signal: AbortSignal): Promise<TaskResult> {
  const { path, allowSymLink } = argument;
  const dot = await dotlock(path, MAILBOX_LOCK);
  if (dot.kind === "timeout") return { kind: "later", status: "4.2.0", text: `${path}: locked by another program` };
  try {
    // O_NONBLOCK: a FIFO without a reader must not hold us.
    const flags = O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | (allowSymLink ? 0 : O_NOFOLLOW);
    const file = await open(path, flags, 0o600);
    try {
      const problem = unsafe(await file.stat(), argument);
      if (problem !== undefined) return problem;
      if (dot.kind === "forbidden" && (await flock(file.fd, MAILBOX_LOCK.timeout)) === "timeout") {
        return { kind: "later", status: "4.2.0", text: `${path}: locked by another program` };
      }
      await appendOrCutBack(file, input, signal);
      return { kind: "done", status: "2.0.0", text: "" };
    } finally {
      await file.close();
    }
  } finally {
    if (dot.kind === "locked") await dot.release();
  }
}

/** Mail must not reach programs, other people's files or devices by way of a file name. */
function unsafe(status: Stats, { path, allowHardLink }: FileArgument): TaskResult | undefined {
  if (!status.isFile()) return refused(path, "not a regular file");
  if (status.nlink > 1 && !allowHardLink) return refused(path, "has more than one link");
  if ((status.mode & 0o6111) !== 0) return refused(path, "is executable");
  return undefined;
}

function refused(path: string, reason: string): TaskResult {
  return { kind: "never", status: "5.3.0", text: `Can't create output (${path}: ${reason})` };
}
