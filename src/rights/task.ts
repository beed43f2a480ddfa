/**
 * Work that is done with a user's rights: writing mailboxes and files, running programs, reading `.forward` files.
 *
 * A task is a name, a plain argument and octets; its result is plain data, because it is carried out in another process,
 * which has the user's ids while it does (docs/decisions/0012-rights.md). Here stand the types of both sides and nothing else
 * that knows processes.
 */
import type { Socket } from "node:net";

/**
 * For whom a task is done. The root side looks the login name up itself; a task whose uid or gid is another is not done,
 * unless the three together are an identity that the configuration names (DefaultUser, `U=` of a mailer).
 */
export interface TaskUser {
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
}

/** Octets for a task: all of them in memory, or a stream that is read once. */
export type TaskInput = readonly Buffer[] | (() => AsyncIterable<Buffer>);

export interface FileFacts {
  readonly uid: number;
  readonly mayNamePrograms: boolean;
  /** Of a part: which file it is, in which state; and whether nothing comes behind it. */
  readonly version?: string;
  readonly isLast?: boolean;
}

export interface TaskResult {
  readonly kind: "done" | "later" | "never";
  /** RFC 3463 code. */
  readonly status: string;
  /** What the log says: "", or the reason. */
  readonly text: string;
  /** Exit code of a program. */
  readonly exit?: number;
  /** What a program printed, or a file contains; octets as latin1. */
  readonly output?: string;
  /** About a file that was read: whose it is, and whether only its owner could have written what is in it. */
  readonly file?: FileFacts;
}

/** What another process says about a file, checked. */
export function fileFactsOf(file: Partial<FileFacts> | undefined): Pick<TaskResult, "file"> {
  if (typeof file?.uid !== "number") return {};
  const { uid, mayNamePrograms, version, isLast } = file;
  return {
    file: {
      uid,
      mayNamePrograms: mayNamePrograms === true,
      ...(typeof version === "string" ? { version } : {}),
      ...(typeof isLast === "boolean" ? { isLast } : {}),
    },
  };
}

/** The octets of one task where it is carried out: in memory, or in a file that has no name. May be read more than once. */
export interface Octets {
  readonly size: number;
  chunks(): Iterable<Buffer>;
}

/** Somebody holds a lock: the task is done again a little later, others meanwhile; in the end it is put off (4.2.0). */
export interface Busy {
  readonly kind: "busy";
  /** What the log says when the lock is never free. */
  readonly text: string;
}

/** fcntl(2) locks, by way of somebody who has them: Node has not. */
export interface FileLocks {
  /** "unsupported": nobody here can lock, or the file system does not. */
  lock(fd: number): "locked" | "busy" | "unsupported";
  unlock(fd: number): void;
}

export interface TaskTools {
  readonly locks: FileLocks;
  /** As looked up by the root side. */
  readonly user: TaskUser;
  now(): number;
  /**
   * Does this with root's ids, where the process has them to give, else with those it has. Only for making a mailbox in a
   * folder that is root's; the path has been compared with the configuration's mailboxes before (terms.ts).
   */
  asRoot<T>(work: () => T): T;
  /**
   * Makes the entries of a folder durable before the result of this task is told: once for all tasks of one user that are done
   * together. Where it fails their results become temporary failures.
   */
  syncFolder(path: string): void;
}

/**
 * Runs to its end without giving up the thread, while the process has the user's ids. Does not throw for what can happen
 * to mail; what it throws is reported as a temporary failure.
 */
export type FileTask = (argument: TaskArgument, input: Octets, tools: TaskTools) => TaskResult | Busy;

/** Who a program is to be, all of it looked up by the root side. */
export interface ProgramIdentity extends TaskUser {
  /** Supplementary groups, the group of the user among them. */
  readonly groups: readonly number[];
  /** False: this process is an ordinary user's and cannot give ids; the program is started as it is. */
  readonly isChange: boolean;
}

/** Starts a program, which gives up root's rights for good before it begins, and waits for it without holding others up. */
export type ProgramTask = (
  argument: TaskArgument,
  input: Octets,
  identity: ProgramIdentity,
  signal: AbortSignal,
) => Promise<TaskResult>;

export type PoolTask =
  | { readonly kind: "file"; readonly run: FileTask }
  | { readonly kind: "program"; readonly run: ProgramTask };

/** Name → what a pool process can do: mbox, maildir, mh, mmdf, file, read, program. */
export type PoolTasks = ReadonlyMap<string, PoolTask>;

/** Plain data: strings, numbers, lists. */
export type TaskArgument = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface UserWorkers {
  run(who: TaskUser, task: string, argument: TaskArgument, input: TaskInput, signal: AbortSignal): Promise<TaskResult>;
  /**
   * Starts a program that speaks SMTP or LMTP on its standard input and output, as this user: a connection to it. Absent where
   * the server may as well start it itself: it has no other rights than its own.
   */
  converse?(who: TaskUser, program: ConversingProgram): Promise<Socket>;
  close(): Promise<void>;
}

export interface ConversingProgram {
  readonly path: string;
  readonly argv: readonly string[];
  /** Lines NAME=value. */
  readonly environment: readonly string[];
}

/** Errno → result: nothing that a system call refuses is known to be for ever. */
export function fromSystemError(error: unknown, action: string): TaskResult {
  const { code, message } = error as NodeJS.ErrnoException;
  const status = code === undefined ? "4.3.0" : (STATUSES.get(code) ?? "4.3.0");
  const reason = code === undefined ? (message ?? String(error)) : (REASONS.get(code) ?? message);
  return { kind: "later", status, text: `${action}: ${reason}` };
}

const STATUSES: ReadonlyMap<string, string> = new Map([
  ["ENOSPC", "4.3.1"],
  ["EDQUOT", "4.2.2"],
  ["EFBIG", "4.2.2"],
  ["EACCES", "4.2.0"],
  ["EPERM", "4.2.0"],
  ["ENOENT", "4.2.0"],
  ["ENOTDIR", "4.2.0"],
]);

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOSPC", "No space left on device"],
  ["EDQUOT", "Disk quota exceeded"],
  ["EFBIG", "File too large"],
  ["EACCES", "Permission denied"],
  ["EPERM", "Operation not permitted"],
  ["ENOENT", "No such file or directory"],
  ["ENOTDIR", "Not a directory"],
  ["EROFS", "Read-only file system"],
  ["ELOOP", "Too many levels of symbolic links"],
  ["EMFILE", "Too many open files"],
]);

/** The octets of a task one after another, wherever they lie. */
export async function* octetsOf(input: TaskInput): AsyncGenerator<Buffer> {
  if (typeof input === "function") yield* input();
  else yield* input;
}
