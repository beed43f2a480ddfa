/**
 * Gives the server's own files to the user that it runs as: queue, journal, log, what earlier servers made as root. Done as
 * root, in folders that this user may have had for long, and so with care: a folder is reached only through folders of root,
 * and from there on everything by descriptor; no link is followed but root's, only names of ours are touched, and no file
 * that has a second name.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  type Stats,
} from "node:fs";
import { join, resolve } from "node:path";

export interface OwnFolder {
  /** Names of files in it that are ours. */
  readonly files?: RegExp;
  /** Folders in it that are ours, and what is ours there. */
  readonly folders?: Readonly<Record<string, OwnFolder>>;
  /** Folders in it, whatever their names, are as this one. */
  readonly isTree?: true;
  /** Mode of the folder; absent: as it is. */
  readonly mode?: number;
  /** Files keep their owner, who tells whose mail it is, and get the group alone. */
  readonly keepsOwners?: true;
}

export interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** Symbolic links of root that are followed on the way. */
const MOST_LINKS = 10;
/** Folders in folders: a host name has no more labels. */
const DEEPEST = 128;
const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

/**
 * Takes a folder over with all that is ours in it; a folder that is not there is nobody's.
 * @returns what could not be taken over, and why
 */
export function takeOverFolder(path: string, own: OwnFolder, ids: Ids): readonly string[] {
  return guarded(path, () => {
    const fd = openOnRootsWay(path, FOLDER);
    try {
      return folder(path, fd, own, ids);
    } finally {
      closeSync(fd);
    }
  });
}

/** Takes one file over, with the same care. */
export function takeOverFile(path: string, ids: Ids): readonly string[] {
  return guarded(path, () => {
    const fd = openOnRootsWay(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    try {
      return file(path, fd, ids);
    } finally {
      closeSync(fd);
    }
  });
}

/**
 * Lets a group make files in a folder of root, and take away its own: the home folder, where the server makes its log again
 * after rotation, while what root put there (a configuration, users) stays root's.
 */
export function shareFolder(path: string, { uid, gid }: Ids): readonly string[] {
  return guarded(path, () => {
    const fd = openOnRootsWay(path, FOLDER);
    try {
      const stats = fstatSync(fd);
      if (stats.uid === uid) return [];
      if (stats.gid !== gid) fchownSync(fd, stats.uid, gid);
      const mode = (stats.mode & 0o777) | 0o1070;
      if ((stats.mode & 0o7777) !== mode) fchmodSync(fd, mode);
      return [];
    } finally {
      closeSync(fd);
    }
  });
}

function guarded(path: string, work: () => readonly string[]): readonly string[] {
  try {
    return work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    return [`cannot take over ${path}: ${(error as Error).message}`];
  }
}

/** Opens what a path leads to, as long as nobody but root can have laid the way. */
function openOnRootsWay(path: string, flags: number, links = 0): number {
  const parts = resolve(path).split("/").filter(Boolean);
  let at = openSync("/", FOLDER);
  try {
    for (const [index, part] of parts.entries()) {
      const above = fstatSync(at);
      if (above.uid !== 0) throw new Error(`a folder above it belongs to user ${above.uid}, not to root`);
      const isOpen = (above.mode & 0o022) !== 0 && (above.mode & 0o1000) === 0;
      if (isOpen) throw new Error(`others than root may write a folder above it (${inFolder(at, "")})`);
      const here = inFolder(at, part);
      const stats = lstatSync(here);
      if (stats.isSymbolicLink()) {
        if (stats.uid !== 0 || links === MOST_LINKS) throw new Error("there is a link on the way that is not root's");
        const beyond = resolve(`/${parts.slice(0, index).join("/")}`, readlinkSync(here), ...parts.slice(index + 1));
        return openOnRootsWay(beyond, flags, links + 1);
      }
      const next = openSync(here, index === parts.length - 1 ? flags : FOLDER);
      closeSync(at);
      at = next;
    }
    const found = at;
    at = -1;
    return found;
  } finally {
    if (at >= 0) closeSync(at);
  }
}

/** A name in a folder that is open, wherever that folder is by now (proc(5)). */
function inFolder(fd: number, name: string): string {
  return join(`/proc/self/fd/${fd}`, name);
}

function folder(path: string, fd: number, own: OwnFolder, ids: Ids, depth = 0): readonly string[] {
  if (depth > DEEPEST) return [`cannot take over ${path}: too deep`];
  const problems: string[] = [];
  give(fd, fstatSync(fd), ids);
  if (own.mode !== undefined && (fstatSync(fd).mode & 0o7777) !== own.mode) fchmodSync(fd, own.mode);
  for (const name of readdirSync(inFolder(fd, ""))) {
    if (own.folders?.[name] === undefined && own.files?.test(name) !== true) continue;
    const full = join(path, name);
    problems.push(
      ...guarded(full, () => {
        const there = lstatSync(inFolder(fd, name));
        const inner = own.folders?.[name] ?? (own.isTree && there.isDirectory() ? own : undefined);
        const what = inner === undefined ? O_RDONLY | O_NONBLOCK | O_NOFOLLOW : FOLDER;
        // Most of a large queue is ours already.
        if (inner === undefined && isGiven(there, ids, own)) return [];
        const child = openSync(inFolder(fd, name), what);
        try {
          if (inner !== undefined) return folder(full, child, inner, ids, depth + 1);
          return file(full, child, own.keepsOwners ? { uid: fstatSync(child).uid, gid: ids.gid } : ids);
        } finally {
          closeSync(child);
        }
      }),
    );
  }
  return problems;
}

function isGiven({ uid, gid }: Stats, ids: Ids, { keepsOwners }: OwnFolder): boolean {
  return gid === ids.gid && (keepsOwners === true || uid === ids.uid);
}

function file(path: string, fd: number, ids: Ids): readonly string[] {
  const stats = fstatSync(fd);
  if (!stats.isFile()) return [`cannot take over ${path}: not a regular file`];
  if (stats.nlink > 1) return [`cannot take over ${path}: it has another name, too (${stats.nlink} links)`];
  give(fd, stats, ids);
  return [];
}

function give(fd: number, stats: Stats, { uid, gid }: Ids): void {
  if (stats.uid !== uid || stats.gid !== gid) fchownSync(fd, uid, gid);
}
