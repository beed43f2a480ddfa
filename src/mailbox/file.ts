/** The task behind the *file* mailer: appends a message to a named file, if that file is safe to append to. */
import { constants, fchmodSync, openSync, type Stats } from "node:fs";
import { type FileTask, fromSystemError, type TaskArgument, type TaskResult } from "../rights/task.ts";
import { append } from "./append.ts";

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;

export interface FileArgument extends TaskArgument {
  readonly path: string;
  /** DontBlameSendmail: FileDeliveryToSymLink, FileDeliveryToHardLink. */
  readonly allowSymLink: boolean;
  readonly allowHardLink: boolean;
  /** TempFileMode: of a file that is made; nobody may run it, whatever that says. */
  readonly mode: number;
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

const NOTHING = Buffer.alloc(0);
const NEWLINE = Buffer.from("\n");

export const appendToFile: FileTask = (argument, input, tools) => {
  const given = argument as FileArgument;
  const { path, allowSymLink } = given;
  if (typeof path !== "string") throw new Error("the task names no file");
  // O_NONBLOCK: a FIFO without a reader must not hold us.
  const flags = O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | (allowSymLink ? 0 : O_NOFOLLOW);
  try {
    const target = {
      path,
      open: () => openOrMake(path, flags, given.mode),
      problem: (status: Stats) => unsafe(status, given),
      before: (end: Buffer) => (end.length === 0 || end.at(-1) === 10 ? NOTHING : NEWLINE),
      lockAsRoot: false,
      mustLock: false,
    };
    return append(target, input, tools);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = REFUSALS.get(code ?? "");
    return reason === undefined ? fromSystemError(error, path) : refused(path, reason);
  }
};

function openOrMake(path: string, flags: number, mode: number): number {
  try {
    const fd = openSync(path, flags | O_EXCL, 0o600);
    fchmodSync(fd, (mode & 0o666) | 0o600); // whatever the umask is
    return fd;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return openSync(path, flags, 0o600);
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
