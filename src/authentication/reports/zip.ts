/**
 * Files of a zip archive (APPNOTE 6.3), by its central directory: stored and deflated ones, as those have them who send reports.
 * Nothing of it is believed: offsets must lie inside, and what is unpacked has a limit, whatever sizes are named.
 */
import { inflateRawSync } from "node:zlib";

export interface ZipFile {
  readonly name: string;
  readonly octets: Buffer;
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_FILE = 0x04034b50;
const END_LENGTH = 22;
/** The end of the directory has a comment of at most this length. */
const LONGEST_COMMENT = 0xffff;
const MOST_FILES = 1000;
const ENCRYPTED = 1;

export function isZip(octets: Buffer): boolean {
  return octets.length >= 4 && octets.readUInt32LE(0) === LOCAL_FILE;
}

/**
 * @param most octets of all files together
 * @throws an Error for an archive that is damaged, encrypted, of another kind, or too large
 */
export function unzip(archive: Buffer, most: number): readonly ZipFile[] {
  const end = endOfDirectory(archive);
  const count = archive.readUInt16LE(end + 10);
  if (count > MOST_FILES) throw new Error(`zip: ${count} files are more than ${MOST_FILES}`);
  const files: ZipFile[] = [];
  let at = archive.readUInt32LE(end + 16);
  let left = most;
  for (let index = 0; index < count; index++) {
    need(archive, at, 46);
    if (archive.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error("zip: its directory is damaged");
    const [flags, method] = [archive.readUInt16LE(at + 8), archive.readUInt16LE(at + 10)];
    const packed = archive.readUInt32LE(at + 20);
    const lengths = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset));
    const local = archive.readUInt32LE(at + 42);
    need(archive, at + 46, lengths[0]);
    const name = archive.toString("utf8", at + 46, at + 46 + lengths[0]);
    at += 46 + lengths[0] + lengths[1] + lengths[2];
    // A folder.
    if (name.endsWith("/")) continue;
    if ((flags & ENCRYPTED) !== 0) throw new Error(`zip: ${name} is encrypted`);
    const octets = unpack(bodyOf(archive, local, packed), method, left, name);
    left -= octets.length;
    files.push({ name, octets });
  }
  return files;
}

function endOfDirectory(archive: Buffer): number {
  const first = Math.max(0, archive.length - END_LENGTH - LONGEST_COMMENT);
  for (let at = archive.length - END_LENGTH; at >= first; at--) {
    if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  throw new Error("zip: it has no directory: it may be cut off");
}

function bodyOf(archive: Buffer, local: number, packed: number): Buffer {
  need(archive, local, 30);
  if (archive.readUInt32LE(local) !== LOCAL_FILE) throw new Error("zip: its directory is damaged");
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  need(archive, start, packed);
  return archive.subarray(start, start + packed);
}

function unpack(body: Buffer, method: number, most: number, name: string): Buffer {
  if (method === 0 ? body.length > most : most === 0) throw new Error(`zip: ${name} is too large`);
  if (method === 0) return body;
  if (method !== 8) throw new Error(`zip: ${name} is packed by method ${method}, which is not known here`);
  try {
    return inflateRawSync(body, { maxOutputLength: most });
  } catch (error) {
    const isLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw new Error(`zip: ${name} is ${isLarge ? "too large" : "damaged"}`, { cause: error });
  }
}

function need(archive: Buffer, at: number, length: number): void {
  if (at < 0 || at + length > archive.length) throw new Error("zip: it is cut off, or damaged");
}
