/**
 * Delivery into a mailbox in mbox format: locked, appended, synced; cut back to its old length when writing fails.
 * The octets come ready (`From ` line, `>From `, blank last line): message-writer.ts.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dotlock, flock, type LockOptions, PathQueue } from "../sys/lock.ts";
import { notOwn } from "./mailbox-owner.ts";
import { fromSystemError, type TaskInput, type TaskResult } from "../rights/task.ts";
import { writeAll } from "./maildir.ts";

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants;

/** Readers hold a mailbox for seconds, not minutes; a message can wait for its next turn in the queue. */
export const MAILBOX_LOCK: LockOptions = { timeout: 30_000, staleAfter: 300_000 };

const queue = new PathQueue();

export function deliverToMbox(
  path: string,
  input: TaskInput,
  signal: AbortSignal,
  owner = -1,
  lock: LockOptions = MAILBOX_LOCK,
): Promise<TaskResult> {
  return queue.run(path, async () => {
    try {
      return await append(path, input, signal, owner, lock);
    } catch (error) {
      return fromSystemError(error, path);
    }
  });
}

async function append(
  path: string,
  input: TaskInput,
  signal: AbortSignal,
  owner: number,
  lock: LockOptions,
): Promise<TaskResult> {
  const dot = await dotlock(path, lock);
  if (dot.kind === "timeout") return busy(path);
  try {
    const file = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
    try {
      const problem = await unsafe(file, path, owner);
      if (problem !== undefined) return problem;
      if (dot.kind === "forbidden") {
        const locked = await flock(file.fd, lock.timeout);
        if (locked === "timeout") return busy(path);
        if (locked === undefined)
          return { kind: "later", status: "4.2.0", text: `${path}: cannot lock: ${dot.reason}` };
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

function busy(path: string): TaskResult {
  return { kind: "later", status: "4.2.0", text: `${path}: mailbox is locked by another program` };
}

/** A mailbox with a second name may be somebody else's file, and so may one that he does not own. */
async function unsafe(file: FileHandle, path: string, owner: number): Promise<TaskResult | undefined> {
  const status = await file.stat();
  if (!status.isFile()) return { kind: "later", status: "4.2.0", text: `${path}: not a regular file` };
  if (status.nlink > 1) return { kind: "later", status: "4.2.0", text: `${path}: has more than one link` };
  return notOwn(path, status, owner);
}

/** Appends; after a failure the file is as long as before. */
export async function appendOrCutBack(file: FileHandle, input: TaskInput, signal: AbortSignal): Promise<void> {
  const { size } = await file.stat();
  try {
    if (size > 0 && !(await endsWithNewline(file, size))) await file.write("\n");
    await writeAll(file, input, signal);
    await file.sync();
  } catch (error) {
    await file.truncate(size).catch(() => undefined);
    throw error;
  }
}

/** Somebody's half-written last message must not swallow our `From ` line. */
async function endsWithNewline(file: FileHandle, size: number): Promise<boolean> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 && buffer[0] === 10;
}
