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

/** What a file is used for. */
export type FileUse =
  | "map"
  | "class"
  | "alias"
  | "forward"
  | "include"
  | "serviceSwitch"
  | "errorHeader"
  | "help"
  | "key"
  | "authInfo"
  | "program";

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

export type Checked = { readonly kind: "safe"; readonly stats: Stats } | Unopened;
export type Opened = { readonly kind: "open"; readonly fd: number; readonly stats: Stats } | Unopened;

interface Rules {
  /** Names that allow an unsafe folder above the file, whichever way it is unsafe. */
  readonly anyFolder: readonly string[];
  /** Names that allow a folder that its group may write. */
  readonly groupFolder: readonly string[];
  /** Names that allow a symbolic link in a folder that others may write. */
  readonly link: readonly string[];
  /** Checks on the file's own mode: names that allow the bit; absent when the bit does not matter. */
  readonly groupWritable?: readonly string[];
  readonly worldWritable?: readonly string[];
  readonly groupReadable?: readonly string[];
  readonly worldReadable?: readonly string[];
}

const RULES: Readonly<Record<FileUse, Rules>> = {
  map: { anyFolder: ["MapInUnsafeDirPath"], groupFolder: [], link: ["LinkedMapInWritableDir"] },
  class: { anyFolder: ["ClassFileInUnsafeDirPath"], groupFolder: [], link: ["LinkedClassFileInWritableDir"] },
  alias: {
    anyFolder: ["MapInUnsafeDirPath"],
    groupFolder: [],
    link: ["LinkedAliasFileInWritableDir"],
    groupWritable: ["GroupWritableAliasFile"],
    worldWritable: ["WorldWritableAliasFile"],
  },
  forward: {
    anyFolder: ["ForwardFileInUnsafeDirPath"],
    groupFolder: ["ForwardFileInGroupWritableDirPath"],
    link: ["LinkedForwardFileInWritableDir"],
    groupWritable: ["GroupWritableForwardFile", "GroupWritableForwardFileSafe"],
    worldWritable: ["WorldWritableForwardFile"],
  },
  include: {
    anyFolder: ["IncludeFileInUnsafeDirPath"],
    groupFolder: ["IncludeFileInGroupWritableDirPath"],
    link: ["LinkedIncludeFileInWritableDir"],
    groupWritable: ["GroupWritableIncludeFile", "GroupWritableIncludeFileSafe"],
    worldWritable: ["WorldWritableIncludeFile"],
  },
  serviceSwitch: { anyFolder: [], groupFolder: [], link: ["LinkedServiceSwitchFileInWritableDir"] },
  errorHeader: { anyFolder: ["ErrorHeaderInUnsafeDirPath"], groupFolder: [], link: [] },
  help: { anyFolder: ["HelpFileInUnsafeDirPath"], groupFolder: [], link: [] },
  key: {
    anyFolder: [],
    groupFolder: [],
    link: [],
    groupReadable: ["GroupReadableKeyFile"],
    worldReadable: [],
    groupWritable: [],
    worldWritable: [],
  },
  authInfo: {
    anyFolder: [],
    groupFolder: [],
    link: [],
    groupReadable: ["GroupReadableDefaultAuthInfoFile"],
    worldReadable: [],
    groupWritable: [],
    worldWritable: [],
  },
  program: {
    anyFolder: ["RunProgramInUnsafeDirPath"],
    groupFolder: [],
    link: [],
    groupWritable: ["RunWritableProgram"],
    worldWritable: ["RunWritableProgram"],
  },
};

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
 * Checks a regular file and its path without opening it.
 * @param path absolute, or relative to the current folder
 */
export function checkFile(path: string, use: FileUse, options: SafetyOptions): Checked {
  const rules = RULES[use];
  try {
    const unsafe = checkPath(resolve(path), rules, options, 0);
    if (unsafe) return unsafe;
    return checkStats(path, statSync(path), rules, options);
  } catch (error) {
    return failure(error);
  }
}

/** Opens a file for reading, after the checks of its use. The caller closes the descriptor. */
export function openSafely(path: string, use: FileUse, options: SafetyOptions): Opened {
  const checked = checkFile(path, use, options);
  if (checked.kind !== "safe") return checked;
  let fd: number;
  try {
    // Not to hang on a pipe that took the file's place.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return failure(error);
  }
  const stats = fstatSync(fd);
  const same = stats.dev === checked.stats.dev && stats.ino === checked.stats.ino;
  // Replaced between the check and now, which is what makemap does: look at the new one.
  const again = same ? checked : checkStats(path, stats, RULES[use], options);
  if (again.kind === "safe") return { kind: "open", fd, stats };
  closeSync(fd);
  return again;
}

/** Checks a folder in which a file is to be made, and the folders above it. */
export function checkFolderFor(folder: string, use: FileUse, options: SafetyOptions): Unopened | undefined {
  const rules = RULES[use];
  try {
    const path = resolve(folder);
    const own = { uid: process.geteuid?.() ?? 0, isSymbolicLink: () => false };
    return checkPath(path, rules, options, 0) ?? checkFolder(path, own, rules, options);
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
  return { kind: "safe", stats };
}

const MODE_CHECKS = [
  { bit: WORLD_WRITE, names: "worldWritable", problem: "World writable file" },
  { bit: GROUP_WRITE, names: "groupWritable", problem: "Group writable file" },
  { bit: 0o004, names: "worldReadable", problem: "World readable file" },
  { bit: 0o040, names: "groupReadable", problem: "Group readable file" },
] as const;

/** Checks every folder on the way to `path`, following symbolic links as the system does. */
function checkPath(path: string, rules: Rules, options: SafetyOptions, links: number): Unopened | undefined {
  if (links > MOST_LINKS) return { kind: "failed", problem: "Too many levels of symbolic links", code: "ELOOP" };
  const parts = path.split("/").filter(Boolean);
  let folder = "/";
  for (const part of parts) {
    const here = join(folder, part);
    const stats = lstatSync(here);
    const unsafe = checkFolder(folder, stats, rules, options);
    if (unsafe) return unsafe;
    if (stats.isSymbolicLink()) {
      const target = resolve(folder, readlinkSync(here));
      const rest = path.slice(here.length);
      return checkPath(target + rest, rules, options, links + 1);
    }
    folder = here;
  }
  return undefined;
}

/** @param child what lies in the folder on our way */
function checkFolder(
  folder: string,
  child: Pick<Stats, "uid" | "isSymbolicLink">,
  rules: Rules,
  options: SafetyOptions,
): Unopened | undefined {
  const stats = statSync(folder);
  if ((stats.mode & (GROUP_WRITE | WORLD_WRITE)) === 0) return undefined;
  if ((stats.mode & STICKY) !== 0 && (isTrusted(child.uid) || allows(["TrustStickyBit"], options))) return undefined;
  const byWorld = (stats.mode & WORLD_WRITE) !== 0;
  const allowedBy = byWorld ? rules.anyFolder : [...rules.anyFolder, ...rules.groupFolder, "GroupWritableDirPathSafe"];
  if (allows(allowedBy, options)) {
    if (!child.isSymbolicLink() || rules.link.length === 0 || allows(rules.link, options)) return undefined;
    return { kind: "unsafe", problem: "Symbolic link in writable directory", component: folder, allowedBy: rules.link };
  }
  const problem = `${byWorld ? "World" : "Group"} writable directory`;
  return { kind: "unsafe", problem, component: folder, allowedBy };
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
