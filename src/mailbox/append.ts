/**
 * Adding a message to a file that other programs read and change: locked (fcntl, then `.lock`, the order of Debian's policy
 * and of most programs), written in as few calls as possible, on disk before the lock is given up, and cut back to its old
 * length when anything fails.
 *
 * A lock that somebody else holds is not waited for: the task is tried again later, so that others get their mail meanwhile.
 */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, readSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Busy, Octets, TaskResult, TaskTools } from "../rights/task.ts";
import { cutBack } from "./cut-back.ts";
import { type DotLock, type DotLockResult, takeDotLock } from "./dot-lock.ts";
import { belongsToRoot } from "./new-mailbox.ts";
import { writeAll } from "./stable-write.ts";

export interface AppendTarget {
  readonly path: string;
  /** Opens the file for reading and appending, makes it when it is missing. */
  open(): number;
  /** Why this file is none to append to. */
  problem(status: Stats): TaskResult | undefined;
  /** What goes between the old end, given as its last octets, and the message. */
  before(end: Buffer): Buffer;
  readonly after?: Buffer;
  /** Where only root may make the lock, in a folder of root's, it is made with root's rights. */
  readonly lockAsRoot: boolean;
  /** Without any lock nothing is written. */
  readonly mustLock: boolean;
}

/** Octets of the old end that `before` sees. */
const END = 5;
const MOST_TRIES = 4;
const DONE: TaskResult = { kind: "done", status: "2.0.0", text: "" };

/** @throws what system calls refuse */
export function append(target: AppendTarget, input: Octets, tools: TaskTools): TaskResult | Busy {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const fd = target.open();
    try {
      const result = appendTo(fd, target, input, tools);
      if (result !== "again") return result;
    } finally {
      closeSync(fd);
    }
  }
  return busy(target.path);
}

function busy(path: string): Busy {
  return { kind: "busy", text: `${path}: mailbox is locked by another program` };
}

function appendTo(fd: number, target: AppendTarget, input: Octets, tools: TaskTools): TaskResult | Busy | "again" {
  const { path } = target;
  const problem = target.problem(fstatSync(fd));
  if (problem !== undefined) return problem;
  const locked = tools.locks.lock(fd);
  if (locked === "busy") return busy(path);
  let dot: Locked | undefined;
  try {
    let mended = false;
    dot = dotLock(target, tools, fd, () => (mended = true));
    if (dot.kind === "busy") return busy(path);
    if (dot.kind === "forbidden" && locked === "unsupported" && target.mustLock) {
      return { kind: "later", status: "4.2.0", text: `${path}: cannot lock: ${dot.reason}` };
    }
    // Who had the lock before us may have put another file in the place of this one. After mending the lock is taken once
    // more: it remembers a length that is no more.
    if (mended || !isStill(path, fd)) return "again";
    write(fd, target, input, dot.kind === "locked" ? dot.lock : undefined);
    return DONE;
  } finally {
    // This order: killed in between, we leave a lock that is stale, and a mailbox that nobody cuts back any more.
    if (locked === "locked") tools.locks.unlock(fd);
    if (dot?.kind === "locked") dot.release();
  }
}

type Locked = Exclude<DotLockResult, { kind: "locked" }> | { kind: "locked"; lock: DotLock; release: () => void };

function dotLock({ path, lockAsRoot }: AppendTarget, tools: TaskTools, fd: number, onMended: () => void): Locked {
  const options = {
    mend: (note: Parameters<typeof cutBack>[1]) => {
      cutBack(fd, note);
      onMended();
    },
  };
  const mine = takeDotLock(path, options);
  if (mine.kind === "locked") return { ...mine, release: () => mine.lock.release() };
  if (mine.kind !== "forbidden" || !lockAsRoot) return mine;
  return tools.asRoot((): Locked => {
    const folder = realpathSync(dirname(path));
    if (!belongsToRoot(folder)) return mine;
    const roots = takeDotLock(join(folder, basename(path)), options);
    return roots.kind === "locked" ? { ...roots, release: () => tools.asRoot(() => roots.lock.release()) } : roots;
  });
}

function isStill(path: string, fd: number): boolean {
  const ours = fstatSync(fd);
  const there = statSync(path, { throwIfNoEntry: false });
  return there?.ino === ours.ino && there.dev === ours.dev;
}

/** Appends; after a failure the file is as long as before. */
function write(fd: number, target: AppendTarget, input: Octets, lock: DotLock | undefined): void {
  const status = fstatSync(fd);
  const { size } = status;
  const end = Buffer.alloc(Math.min(END, size));
  if (size > 0) readSync(fd, end, 0, end.length, size - end.length);
  const before = target.before(end);
  const after = target.after ?? Buffer.alloc(0);
  lock?.note(status, before.length + input.size + after.length);
  try {
    writeAll(fd, input, [before], [after]);
    fsyncSync(fd);
    lock?.settle();
  } catch (error) {
    cutTo(fd, size);
    throw error;
  }
}

function cutTo(fd: number, size: number): void {
  try {
    ftruncateSync(fd, size);
  } catch {
    // What went wrong first is what the log is to say.
  }
}
