/** Octets of a segment that are no record: whose they were, as far as that can be read, and where they are kept. */
import { join } from "node:path";
import { type FileOperations, reasonOf, unlinkIfThere } from "./file-operations.ts";
import { findMagic, HEAD, readHead, recordName } from "./journal-record.ts";
import type { Segment } from "./segment.ts";
import type { Damage } from "./segment-reader.ts";

const ID = /^[0-9A-Za-z]{6,32}$/;
/** Names in a report; a whole segment may be damaged. */
const MOST_NAMES = 50;

/** "the message 6AKJRqnn123456": what the head of a damaged record says, and ids that stand in facts. */
function namesIn(octets: Buffer, segment: number): string[] {
  const names = new Set<string>();
  const known = new Set<string>();
  for (let at = findMagic(octets, 0); at >= 0; at = findMagic(octets, at + 1)) {
    const head = readHead(octets, at, segment);
    const id = head && octets.toString("latin1", at + HEAD, at + HEAD + head.idLength);
    if (!head || !ID.test(id!)) continue;
    names.add(`${recordName(head.type)} ${id}`);
    known.add(id!);
  }
  for (const [, id] of octets.toString("latin1").matchAll(/"id":"([0-9A-Za-z]{6,32})"/g)) {
    if (!known.has(id)) names.add(`something about ${id}`);
  }
  return [...names];
}

function told(names: readonly string[]): string {
  if (names.length === 0) return "whose cannot be read any more";
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
  return `among them ${names.slice(0, MOST_NAMES).join(", ")}${more}`;
}

/** Keeps octets for somebody who wants to look at them; says where, or why not. */
async function setAside(files: FileOperations, path: string, octets: Buffer): Promise<{ kept: boolean; text: string }> {
  // The same damage was kept at an earlier start.
  if ((await files.facts(path))?.size === octets.length) return { kept: true, text: `kept in ${path}` };
  try {
    await unlinkIfThere(files, path);
    const file = await files.create(path, 0o600);
    try {
      await file.write([octets], 0);
      await file.datasync();
    } finally {
      await file.close();
    }
    return { kept: true, text: `kept in ${path}` };
  } catch (error) {
    return { kept: false, text: `cannot keep them in ${path}: ${reasonOf(error)}` };
  }
}

/**
 * Sets damaged octets aside in the folder of the journal; a segment whose damage cannot be kept elsewhere stays for this time.
 * @returns what an operator should know
 */
export async function keepDamage(
  files: FileOperations,
  folder: string,
  segment: Segment,
  { from, to, octets }: Damage,
): Promise<string> {
  const where = `${to - from} octets at ${from} of ${segment.file.path}`;
  if (octets.length === 0) return `${where} are missing, and the records that stood there: the file was cut off`;
  const { kept, text } = await setAside(files, join(folder, `damaged-${segment.number}-${from}`), octets);
  if (!kept) segment.live++;
  const names = told(namesIn(octets, segment.number));
  return `${where} are no record (torn by a crash and never acknowledged, unless the disk is failing), ${names}; ${text}`;
}
