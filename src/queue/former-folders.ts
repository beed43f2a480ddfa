/**
 * Folders that this queue has had, those of groups which the configuration names no longer with them: what was put there was
 * accepted all the same. They stand in a file of the queue's folder, a line each, group and path:
 *
 *     slow /var/spool/mqueue/slow
 */
import { join } from "node:path";
import { type FileOperations, hasCode, readWhole, reasonOf, replaceFile } from "./file-operations.ts";
import type { GroupPath } from "./spool-places.ts";

const FOLDERS_FILE = "queue.folders";
const LONGEST = 1 << 20;

/**
 * Adds the folders of now to those of before.
 * @param folders of groups; `path` is that of one folder
 * @returns what an operator should know: folders with messages that nobody works on, and why that cannot be said or remembered
 */
export async function formerFolders(
  files: FileOperations,
  directory: string,
  folders: readonly GroupPath[],
): Promise<readonly string[]> {
  const path = join(directory, FOLDERS_FILE);
  try {
    const known = await readFolders(files, path);
    const before = new Set(known.map((each) => each.path));
    const added = folders.filter((each) => !before.has(each.path));
    if (added.length > 0) {
      const text = [...known, ...added].map((each) => `${each.group} ${each.path}\n`).join("");
      await replaceFile(files, directory, FOLDERS_FILE, Buffer.from(text, "latin1"));
    }
    const now = new Set([directory, ...folders.map((each) => each.path)]);
    const reports: string[] = [];
    for (const each of known) if (!now.has(each.path)) reports.push(...(await left(files, directory, each)));
    return reports;
  } catch (error) {
    return [`Cannot keep account of the folders of queue groups in ${path}: ${reasonOf(error)}`];
  }
}

async function readFolders(files: FileOperations, path: string): Promise<readonly GroupPath[]> {
  try {
    const { content } = await readWhole(files, path, LONGEST);
    const lines = content.toString("latin1").matchAll(/^(\S+) (\/.*)$/gm);
    return Array.from(lines, ([, group, folder]) => ({ group, path: folder }));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

/** What waits in a folder that is no group's. */
async function left(files: FileOperations, directory: string, { group, path }: GroupPath): Promise<readonly string[]> {
  let count = 0;
  for (const folder of [path, join(path, "qf")]) {
    try {
      for (const name of await files.list(folder)) if (/^[qh]f[0-9A-Za-z]{6,32}$/.test(name)) count++;
    } catch (error) {
      if (!hasCode(error, "ENOENT") && !hasCode(error, "ENOTDIR"))
        return [`Cannot look into ${path}: ${reasonOf(error)}`];
    }
  }
  if (count === 0) return [];
  return [
    `${path}, once a folder of the queue group ${group}, has ${count} message${count === 1 ? "" : "s"}, and is no folder of any group ` +
      `now: nobody delivers them. Name it again (Q${group}, P=${path}), or move its files to ${directory} while no server runs`,
  ];
}
