/**
 * Files that the terms name, read with root's rights for a server that may not: keys, texts of the configuration.
 *
 * Keys are links in many places. Where somebody but root could have put another link there, or the file itself, only a file
 * comes back that is not root's: what users may read, the server gets by other ways anyhow.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";
import type { Terms } from "./terms.ts";

const { O_NONBLOCK, O_RDONLY } = constants;
/** Keys, tables: whatever is larger is none. */
const LARGEST_FILE = 64 * 1024 * 1024;
const MOST_LINKS = 40;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** @throws what the system says, or that it is not read */
export function readNamed({ files }: Terms, path: string): Buffer {
  if (!files.includes(path)) throw new Error(`the configuration names no file ${path}`);
  const file = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw new Error(`${path} is not a regular file`);
    if (status.size > LARGEST_FILE) throw new Error(`${path} is larger than ${LARGEST_FILE} octets`);
    if (status.uid === 0 && !isRootsWay(path)) throw new Error(`${path}: others than root can put files there`);
    return readWhole(file, status.size);
  } finally {
    closeSync(file);
  }
}

function readWhole(file: number, size: number): Buffer {
  const octets = Buffer.alloc(size);
  let length = 0;
  for (let count = -1; count !== 0 && length < size; length += count) {
    count = readSync(file, octets, length, size - length, null);
  }
  return octets.subarray(0, length);
}

/** Whether only root decides what this path leads to. */
function isRootsWay(path: string): boolean {
  let rest = path.split("/").filter(Boolean);
  let folder = "/";
  for (let links = 0; rest.length > 0 && links < MOST_LINKS;) {
    const [step, ...more] = rest;
    rest = more;
    if (step === "." || step === "..") {
      folder = step === "." ? folder : dirname(folder);
      continue;
    }
    const place = join(folder, step);
    const status = lstatSync(place);
    if (!isRootsEntry(lstatSync(folder), status)) return false;
    if (status.isSymbolicLink()) {
      const target = readlinkSync(place);
      if (target.startsWith("/")) folder = "/";
      rest = [...target.split("/").filter(Boolean), ...rest];
      links++;
    } else folder = place;
  }
  return rest.length === 0;
}

/** A sticky folder keeps what is root's, but not from getting a second name. */
function isRootsEntry(folder: Stats, entry: Stats): boolean {
  if (folder.uid !== 0) return false;
  if ((folder.mode & OTHERS_WRITE) === 0) return true;
  return (folder.mode & STICKY) !== 0 && entry.uid === 0 && (entry.isDirectory() || entry.nlink === 1);
}
