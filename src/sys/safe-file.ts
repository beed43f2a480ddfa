/**
 * Opens files that decide about mail, only when nobody but their owners could have tampered with them (decision D15).
 *
 * The path counts as much as the file: whoever may write to a folder on the way can put another file there. Each use has
 * its rules, and names of the option DontBlameSendmail that relax them; the answer says which component is to blame and
 * which name would allow it.
 *
 * One difference from sendmail: a folder with the sticky bit (/tmp) is trusted when what lies in it belongs to root or to
 * us, because this kernel then lets nobody else rename or remove it. TrustStickyBit trusts it always.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, type Stats, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { type FileUse, type Rules, RULES } from "./safe-file-rules.ts";

export type { FileUse } from "./safe-file-rules.ts";

export interface SafetyOptions {
  /** Names of DontBlameSendmail, in any letter case. */
  readonly dontBlame: ReadonlySet<string>;
  /** The file must belong to this user or to root. Absent: anybody's file will do. */
  readonly owner?: number;
}

export type Unopened =
  /** Somebody could have tampered with it. */
  | {
      readonly kind: "unsafe";
      /** sendmail's word for it: "World writable directory". */
      readonly problem: string;
      /** The folder or file to blame. */
      readonly component: string;
      /** Names of DontBlameSendmail, each of which would allow it; none when nothing does. */
      readonly allowedBy: readonly string[];
    }
  | { readonly kind: "absent"; readonly problem: string }
  /** The file system said no: "Permission denied", "Input/output error". */
  | { readonly kind: "failed"; readonly problem: string; readonly code: string };

export type Checked = { readonly kind: "safe"; readonly stats: Stats; readonly mayNamePrograms: boolean } | Unopened;
export type Opened =
  | {
      readonly kind: "open";
      readonly fd: number;
      readonly stats: Stats;
      /** False: DontBlameSendmail lets the file be read, but not name programs and files. */
      readonly mayNamePrograms: boolean;
    }
  | Unopened;

const GROUP_WRITE = 0o020;
const WORLD_WRITE = 0o002;
const STICKY = 0o1000;
/** Symbolic links followed on one path. */
const MOST_LINKS = 40;

/** True when DontBlameSendmail holds one of the names. */
function allows(names: readonly string[], { dontBlame }: SafetyOptions): boolean {
  if (dontBlame.size === 0 || names.length === 0) return false;
  const given = new Set([...dontBlame].map((name) => name.toLowerCase()));
  return names.some((name) => given.has(name.toLowerCase()));
}

/**
 * Checks a regular file and its path without opening it for reading.
 * @param path absolute, or relative to the current folder
 */
export function checkFile(path: string, use: FileUse, options: SafetyOptions): Checked {
  const held = hold(path);
  if (typeof held !== "number") return held;
  try {
    return checkHeld(path, held, use, options);
  } finally {
    closeSync(held);
  }
}

/**
 * Opens a file for reading, after the checks of its use. The caller closes the descriptor.
 *
 * The file is held first and checked by its descriptor, so that no other one can take its place between check and use.
 */
export function openSafely(path: string, use: FileUse, options: SafetyOptions): Opened {
  // A file that is replaced while we look is what makemap and editors do, too.
  for (let tries = 1; ; tries++) {
    const opened = openOnce(path, use, options);
    if (opened.kind !== "failed" || opened.code !== REPLACED || tries === TRIES) return opened;
  }
}

function openOnce(path: string, use: FileUse, options: SafetyOptions): Opened {
  const held = hold(path);
  if (typeof held !== "number") return held;
  try {
    const checked = checkHeld(path, held, use, options);
    if (checked.kind !== "safe") return checked;
    return { ...checked, kind: "open", fd: reopen(path, held, checked.stats) };
  } catch (error) {
    return failure(error);
  } finally {
    closeSync(held);
  }
}

const TRIES = 5;
/** Code of the failure that somebody is busy with the file. */
const REPLACED = "EAGAIN";
const REPLACED_TEXT = "File was replaced while it was being opened";

/** Linux: a descriptor that names a file and does nothing to it; a device or a pipe does not notice. */
const O_PATH = process.platform === "linux" ? 0o10000000 : constants.O_RDONLY | constants.O_NONBLOCK;

function hold(path: string): number | Unopened {
  try {
    return openSync(path, O_PATH);
  } catch (error) {
    return failure(error);
  }
}

/** The path must be safe, and lead to what we hold. */
function checkHeld(path: string, held: number, use: FileUse, options: SafetyOptions): Checked {
  const rules = RULES[use];
  try {
    const stats = fstatSync(held);
    const way = checkWays(path, held, rules, options);
    if (way.kind !== "way") return way;
    if (!isSame(statSync(path), stats)) return { kind: "failed", problem: REPLACED_TEXT, code: REPLACED };
    if (stats.nlink > 1 && way.isOpenToOthers && !allows(rules.link, options)) {
      return { kind: "unsafe", problem: "Hard links not allowed", component: path, allowedBy: rules.link };
    }
    const checked = checkStats(path, stats, rules, options);
    return checked.kind === "safe" && !way.mayNamePrograms ? { ...checked, mayNamePrograms: false } : checked;
  } catch (error) {
    return failure(error);
  }
}

/**
 * The folders on the way that the path takes now, and those where what we hold lies: a link could have led elsewhere for the
 * moment in which it was followed.
 */
function checkWays(path: string, held: number, rules: Rules, options: SafetyOptions): Way | Unopened {
  const given = checkPath(resolve(path), rules, options, 0);
  const place = placeOf(held);
  if (given.kind !== "way" || place === undefined || place === resolve(path)) return given;
  const real = checkPath(place, rules, options, 0);
  if (real.kind !== "way") return real.kind === "absent" ? { ...real, kind: "failed", code: REPLACED } : real;
  return { ...real, mayNamePrograms: real.mayNamePrograms && given.mayNamePrograms };
}

/** Where the system says that a file which is held lies; undefined where it does not say. */
function placeOf(held: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${held}`);
  } catch {
    return undefined;
  }
}

function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

/** A descriptor for reading of the very file that is held. */
function reopen(path: string, held: number, stats: Stats): number {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  try {
    if (process.platform === "linux") return openSync(`/proc/self/fd/${held}`, flags);
  } catch (error) {
    // Without /proc the path is asked again, and must still lead to the same file.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const fd = openSync(path, flags);
  if (isSame(fstatSync(fd), stats)) return fd;
  closeSync(fd);
  throw Object.assign(new Error(REPLACED_TEXT), { code: REPLACED });
}

/** Checks a folder in which a file is to be made, and the folders above it. */
export function checkFolderFor(folder: string, use: FileUse, options: SafetyOptions): Unopened | undefined {
  const rules = RULES[use];
  try {
    const path = resolve(folder);
    const own = { uid: process.geteuid?.() ?? 0, isSymbolicLink: () => false };
    for (const way of [checkPath(path, rules, options, 0), checkFolder(path, own, rules, options)]) {
      if (way.kind !== "way") return way;
    }
    return undefined;
  } catch (error) {
    return failure(error);
  }
}

/**
 * Whether others could put another socket in the place of this one: the folders above it count, and it may be no link itself.
 * Whose it is, and its mode, do not: sendmail asks neither.
 */
export function checkSocket(path: string, options: SafetyOptions): Unopened | undefined {
  try {
    const whole = resolve(path);
    if (lstatSync(whole).isSymbolicLink()) {
      return { kind: "unsafe", problem: "Symbolic links not allowed", component: path, allowedBy: [] };
    }
    const way = checkPath(whole, { anyFolder: [], groupFolder: [], link: [] }, options, 0);
    return way.kind === "way" ? undefined : way;
  } catch (error) {
    return failure(error);
  }
}

/** "World writable directory (/var/maps; DontBlameSendmail=MapInUnsafeDirPath would allow it)": for a log or a report. */
export function explainUnopened(unopened: Unopened): string {
  if (unopened.kind !== "unsafe") return unopened.problem;
  const { problem, component, allowedBy } = unopened;
  const way = allowedBy.length === 0 ? "" : `; DontBlameSendmail=${allowedBy[0]} would allow it`;
  return `${problem} (${component}${way})`;
}

function checkStats(path: string, stats: Stats, rules: Rules, options: SafetyOptions): Checked {
  const unsafe = (problem: string, allowedBy: readonly string[] = []): Unopened => ({
    kind: "unsafe",
    problem,
    component: path,
    allowedBy,
  });
  if (!stats.isFile()) return unsafe("Regular files only");
  if (options.owner !== undefined && stats.uid !== options.owner && stats.uid !== 0) return unsafe("Wrong owner");
  for (const { bit, names, problem } of MODE_CHECKS) {
    const allowedBy = rules[names];
    if (allowedBy === undefined || (stats.mode & bit) === 0) continue;
    if (!allows(allowedBy, options)) return unsafe(problem, allowedBy);
  }
  if ((stats.mode & 0o777) === 0) return { kind: "failed", problem: "Permission denied", code: "EACCES" };
  const byWorld = (stats.mode & WORLD_WRITE) !== 0;
  const byGroup = (stats.mode & GROUP_WRITE) !== 0;
  const { trusted } = rules;
  const doubtful = trusted !== undefined && (byWorld || (byGroup && !allows([trusted.groupWritable], options)));
  return { kind: "safe", stats, mayNamePrograms: !doubtful };
}

const MODE_CHECKS = [
  { bit: GROUP_WRITE, names: "groupWritable", problem: "Group writable file" },
  { bit: WORLD_WRITE, names: "worldWritable", problem: "World writable file" },
  { bit: 0o004, names: "worldReadable", problem: "World readable file" },
  { bit: 0o040, names: "groupReadable", problem: "Group readable file" },
] as const;

/** What is known about the folders that lead to a file, none of them unsafe. */
interface Way {
  readonly kind: "way";
  /** Others may write to the folder that holds the file. */
  readonly isOpenToOthers: boolean;
  readonly mayNamePrograms: boolean;
}

const GOOD: Way = { kind: "way", isOpenToOthers: false, mayNamePrograms: true };

/** Checks every folder on the way to `path`, following symbolic links as the system does. */
function checkPath(path: string, rules: Rules, options: SafetyOptions, links: number): Way | Unopened {
  if (links > MOST_LINKS) return { kind: "failed", problem: "Too many levels of symbolic links", code: "ELOOP" };
  const parts = path.split("/").filter(Boolean);
  let folder = "/";
  let way = GOOD;
  for (const part of parts) {
    const here = join(folder, part);
    const stats = lstatSync(here);
    const checked = checkFolder(folder, stats, rules, options);
    if (checked.kind !== "way") return checked;
    way = { ...checked, mayNamePrograms: checked.mayNamePrograms && way.mayNamePrograms };
    if (stats.isSymbolicLink()) {
      const target = resolve(folder, readlinkSync(here));
      const beyond = checkPath(target + path.slice(here.length), rules, options, links + 1);
      if (beyond.kind !== "way") return beyond;
      return { ...beyond, mayNamePrograms: beyond.mayNamePrograms && way.mayNamePrograms };
    }
    folder = here;
  }
  return way;
}

/** @param child what lies in the folder on our way */
function checkFolder(
  folder: string,
  child: Pick<Stats, "uid" | "isSymbolicLink">,
  rules: Rules,
  options: SafetyOptions,
): Way | Unopened {
  const stats = statSync(folder);
  if ((stats.mode & (GROUP_WRITE | WORLD_WRITE)) === 0) return GOOD;
  if ((stats.mode & STICKY) !== 0 && (isTrusted(child.uid) || allows(["TrustStickyBit"], options))) {
    return { ...GOOD, isOpenToOthers: true };
  }
  const byWorld = (stats.mode & WORLD_WRITE) !== 0;
  if (!byWorld && allows(["GroupWritableDirPathSafe"], options)) return GOOD;
  const byGroup = byWorld ? [] : [...rules.groupFolder, "GroupWritableDirPathSafe"];
  const allowedBy = [...rules.anyFolder, ...byGroup];
  if (!allows(allowedBy, options)) {
    const problem = `${byWorld ? "World" : "Group"} writable directory`;
    return { kind: "unsafe", problem, component: folder, allowedBy };
  }
  if (child.isSymbolicLink() && rules.link.length > 0 && !allows(rules.link, options)) {
    return { kind: "unsafe", problem: "Symbolic links not allowed", component: folder, allowedBy: rules.link };
  }
  const trusted = rules.trusted === undefined || allows([rules.trusted.anyFolder, ...byGroup], options);
  return { kind: "way", isOpenToOthers: true, mayNamePrograms: trusted };
}

function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

/** Texts of the system for the errors that are met here; others are shown by their code. */
const ERROR_TEXTS: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EIO: "Input/output error",
  EISDIR: "Is a directory",
  ELOOP: "Too many levels of symbolic links",
  EMFILE: "Too many open files",
  ENAMETOOLONG: "File name too long",
  ENOENT: "No such file or directory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  EPERM: "Operation not permitted",
  EROFS: "Read-only file system",
  ENFILE: "Too many open files in system",
};

/** What the system says about an error of the file system, as strerror(3) words it. */
export function errorText(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== undefined) return ERROR_TEXTS[code] ?? code;
  return error instanceof Error ? error.message : String(error);
}

function failure(error: unknown): Unopened {
  const code = (error as NodeJS.ErrnoException).code ?? "EIO";
  const problem = errorText(error);
  return code === "ENOENT" || code === "ENOTDIR" ? { kind: "absent", problem } : { kind: "failed", problem, code };
}
