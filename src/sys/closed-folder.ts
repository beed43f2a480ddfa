/** Whether users get to a folder: what keeps them out may be a folder far above it. */
import { lstatSync } from "node:fs";
import { dirname } from "node:path";

const ENTER = 0o001;
const GROUP_ENTER = 0o010;

/**
 * The folder, or the highest one above it, that lets in neither all users nor a group of users. A group's members are not
 * looked up: they may be the users meant.
 * @param folder its real path; it exists
 * @param from from here on: the process that asks stands in this folder already
 */
export function closedFolder(folder: string, from: string): string | undefined {
  if (folder === from) return undefined;
  const above = dirname(folder) === folder ? undefined : closedFolder(dirname(folder), from);
  if (above !== undefined) return above;
  const { mode, gid } = lstatSync(folder);
  const isOpen = (mode & ENTER) !== 0 || ((mode & GROUP_ENTER) !== 0 && gid !== 0);
  return isOpen ? undefined : folder;
}
