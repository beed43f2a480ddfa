/**
 * The lock that every program understands: a file `mailbox.lock` beside the mailbox, there as long as somebody writes.
 *
 * Made under a name of its own and linked to its place, which either happens wholly or not at all, on NFS too; the link
 * count tells whether it did. Its first line is our process id, as other programs expect it. Then comes a note of how long
 * the mailbox is and how much is being added, so that whoever finds the lock of a process that was killed can cut the
 * half-written message off (cut-back.ts).
 *
 *     4711
 *     rulemail BOOT-ID PID-NAMESPACE START-OF-PROCESS
 *     append DEVICE INODE SIZE LENGTH
 *     done
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from "node:fs";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

export type DotLockResult =
  | { readonly kind: "locked"; readonly lock: DotLock }
  | { readonly kind: "busy" }
  /** The folder does not let us make the lock. */
  | { readonly kind: "forbidden"; readonly reason: string };

/** What a killed process of ours was doing. */
export interface LockNote {
  readonly device: number;
  readonly inode: number;
  readonly size: number;
  /** Octets that were to be added at most. */
  readonly length: number;
  /** Who could have written the note. */
  readonly owner: number;
}

export interface DotLockOptions {
  /** A lock without a living process behind it counts for so long, ms; not one of ours whose process is known to be gone. */
  readonly staleAfter?: number;
  /** Puts right what the process that left the lock had begun, before anybody else gets it. */
  readonly mend?: (note: LockNote) => void;
}

/** As other programs have it. */
const STALE_AFTER = 300_000;
const REFUSALS = new Set(["EACCES", "EPERM", "EROFS"]);
/** Longest lock file that is read. */
const LONGEST = 512;

export class DotLock {
  readonly #path: string;
  readonly #fd: number;

  constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /** Before anything is written to the mailbox. */
  note({ dev, ino, size }: Stats, length: number): void {
    writeSync(this.#fd, `append ${dev} ${ino} ${size} ${length}\n`);
  }

  /** What was written is to stay, whatever happens to us before the lock is gone. */
  settle(): void {
    writeSync(this.#fd, "done\n");
  }

  /** Gives the mailbox free, unless somebody has taken the lock for a stale one. */
  release(): void {
    try {
      const { ino, dev } = fstatSync(this.#fd);
      const there = lstatSync(this.#path, { throwIfNoEntry: false });
      if (there?.ino === ino && there.dev === dev) unlinkSync(this.#path);
    } catch {
      // What cannot be removed now is stale in a moment.
    } finally {
      closeSync(this.#fd);
    }
  }
}

/**
 * One try, without waiting.
 * @param path of the mailbox
 * @throws what is not about locks: a folder that is missing, a full disk
 */
export function takeDotLock(path: string, options: DotLockOptions = {}): DotLockResult {
  const place = `${path}.lock`;
  const own = `${place}.${process.pid}.${randomBytes(6).toString("hex")}`;
  let fd: number;
  try {
    fd = openSync(own, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o444);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    if (REFUSALS.has(code)) return { kind: "forbidden", reason: message };
    throw error;
  }
  let isTaken = false;
  try {
    writeSync(fd, `${process.pid}\n${thisProcess()}\n`);
    isTaken = linkTo(fd, own, place) || (takeAway(place, fd, options) && linkTo(fd, own, place));
  } finally {
    unlinkQuietly(own);
    if (!isTaken) closeSync(fd);
  }
  return isTaken ? { kind: "locked", lock: new DotLock(place, fd) } : { kind: "busy" };
}

/** The answer of link(2) may get lost on its way from a file server; the count does not. */
function linkTo(fd: number, own: string, place: string): boolean {
  try {
    linkSync(own, place);
    return true;
  } catch (error) {
    if (fstatSync(fd).nlink === 2) return true;
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Removes a lock that nobody holds any more. The time is that of the file system: another machine may keep another. */
function takeAway(place: string, own: number, { staleAfter = STALE_AFTER, mend }: DotLockOptions): boolean {
  const aside = `${place}.stale.${randomBytes(6).toString("hex")}`;
  try {
    const seen = lstatSync(place, { throwIfNoEntry: false });
    if (seen === undefined) return true;
    if (!seen.isFile()) return false;
    const text = readSome(place);
    const age = fstatSync(own).mtimeMs - seen.mtimeMs;
    if (!isStale(text, age, staleAfter)) return false;
    // Taken aside, so that of two who find it only one goes on.
    renameSync(place, aside);
    const got = lstatSync(aside);
    if (got.ino !== seen.ino || got.dev !== seen.dev) {
      // It was somebody's new one; put it back.
      linkSync(aside, place);
      unlinkSync(aside);
      return false;
    }
    const note = got.nlink === 1 ? readNote(text, got.uid) : undefined;
    if (note !== undefined) mend?.(note);
    unlinkSync(aside);
    return true;
  } catch {
    // Somebody else was faster, or may and we may not.
    unlinkQuietly(aside);
    return false;
  }
}

function isStale(text: string, age: number, staleAfter: number): boolean {
  const [first = "", second = ""] = text.split("\n");
  const pid = Number(first.trim());
  const isProcess = Number.isInteger(pid) && pid > 0;
  if (isProcess && second.startsWith("rulemail ")) {
    const [, boot, names, start] = second.split(" ");
    const [, ourBoot, ourNames] = thisProcess().split(" ");
    // On this machine since it started: the process is there or it is not.
    if (boot === ourBoot && names === ourNames) {
      const found = startOf(pid);
      return found !== start && found !== HIDDEN;
    }
  }
  return age >= staleAfter && !(isProcess && isAlive(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

let ourselves: string | undefined;

/** Which process this is, for ever and among containers: "rulemail BOOT-ID PID-NAMESPACE START". */
function thisProcess(): string {
  if (ourselves !== undefined) return ourselves;
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    const names = readlinkSync("/proc/self/ns/pid").replace(/\D/g, "");
    ourselves = `rulemail ${boot} ${names} ${startOf(process.pid) ?? "?"}`;
  } catch {
    // No such files here, or not for us: the lock is one like those of other programs.
    ourselves = `rulemail ? ? ${Date.now()}`;
  }
  return ourselves;
}

/** A process that is there, and of which this one may not know more (hidepid= of proc(5), ProtectProc= of systemd). */
const HIDDEN = "hidden";

/** When a process was started, in ticks since the machine was; undefined when there is none of this id. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // After the name in parentheses, which may contain anything, the 20th field (proc(5), field 22). A zombie is gone.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return isAlive(pid) ? HIDDEN : undefined;
  }
}

function readSome(path: string): string {
  // Waits for no writer of a pipe, follows no link.
  const fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  try {
    const octets = Buffer.alloc(LONGEST);
    return octets.toString("latin1", 0, readSync(fd, octets, 0, LONGEST, 0));
  } finally {
    closeSync(fd);
  }
}

/** Without its line end a note is half a note: nothing was written to the mailbox yet. After "done" all of it stays. */
function readNote(text: string, owner: number): LockNote | undefined {
  const [, ...numbers] = /^\d+\nrulemail [^\n]*\nappend (\d+) (\d+) (\d+) (\d+)\n(?!done\n)/.exec(text) ?? [];
  if (numbers.length === 0) return undefined;
  const [device, inode, size, length] = numbers.map(Number);
  return { device, inode, size, length, owner };
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is not there.
  }
}
