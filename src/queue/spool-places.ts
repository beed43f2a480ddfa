/**
 * Folders of the spool: that of the queue, those of its queue groups (`Qslow, P=/var/spool/mqueue/slow`), and several for one group
 * where its path ends with `*`. In each, control files, bodies and transcripts may have folders of their own:
 *
 *     /var/spool/mqueue/qd1/qf6AKJLerx012345      or    /var/spool/mqueue/qd1/qf/qf6AKJLerx012345
 *     /var/spool/mqueue/qd1/df6AKJLerx012345            /var/spool/mqueue/qd1/df/df6AKJLerx012345
 *
 * This is how a genuine sendmail keeps them, which finds its mail by the folder alone. We read what lies in any of them and write
 * where it would look.
 */
import { basename, dirname, join } from "node:path";
import { type FileOperations, hasCode, reasonOf } from "./file-operations.ts";

/** A folder of one queue group. */
export interface SpoolPlace {
  /** Of messages whose control file does not say otherwise. */
  readonly group: string;
  /** Where qf, hf, Qf and tf lie; where df; where xf. */
  readonly control: string;
  readonly body: string;
  readonly transcript: string;
}

/** Where a Q line, or QueueDirectory, puts the messages of a group: a path, with `*` at its end for all that begin like that. */
export interface GroupPath {
  readonly group: string;
  readonly path: string;
}

export const MAIN_GROUP = "mqueue";

/** True for a folder, also behind a link. */
async function isFolder(files: FileOperations, path: string): Promise<boolean> {
  try {
    await files.list(path);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return false;
    throw error;
  }
}

async function placeAt(files: FileOperations, group: string, folder: string): Promise<SpoolPlace> {
  const within = async (name: string): Promise<string> =>
    (await isFolder(files, join(folder, name))) ? join(folder, name) : folder;
  return { group, control: await within("qf"), body: await within("df"), transcript: await within("xf") };
}

/** The folders that a path stands for, in the order of their names. */
async function foldersOf(files: FileOperations, path: string): Promise<string[]> {
  if (!path.endsWith("*")) return [path];
  const [parent, beginning] = [dirname(path), basename(path).slice(0, -1)];
  const found: string[] = [];
  for (const name of (await files.list(parent)).toSorted()) {
    const folder = join(parent, name);
    if (name.startsWith(beginning) && name !== "journal" && (await isFolder(files, folder))) found.push(folder);
  }
  return found;
}

/** Where files of this kind ("qf", "df" ...) lie. */
export function folderOf({ control, body, transcript }: SpoolPlace, kind: string): string {
  return kind === "df" ? body : kind === "xf" ? transcript : control;
}

/** A number that is always the same for an id. */
function spread(id: string, among: number): number {
  let sum = 0;
  for (let at = 0; at < id.length; at++) sum = (sum * 31 + id.charCodeAt(at)) >>> 0;
  return sum % among;
}

export class SpoolPlaces {
  /** All of them; that of the queue itself is the first. */
  readonly all: readonly SpoolPlace[];
  readonly #ofGroup = new Map<string, SpoolPlace[]>();

  /** @param places the first is that of the queue itself, which need not be where its group writes */
  constructor(places: readonly SpoolPlace[]) {
    this.all = places;
    const [main, ...others] = places;
    for (const place of others) {
      const known = this.#ofGroup.get(place.group);
      if (known) known.push(place);
      else this.#ofGroup.set(place.group, [place]);
    }
    if (!this.#ofGroup.has(MAIN_GROUP)) this.#ofGroup.set(MAIN_GROUP, [main]);
  }

  /** One folder for everything. */
  static single(folder: string): SpoolPlaces {
    return new SpoolPlaces([{ group: MAIN_GROUP, control: folder, body: folder, transcript: folder }]);
  }

  /** Where a new message of this group goes. */
  of(group: string, id: string): SpoolPlace {
    const places = this.#ofGroup.get(group) ?? this.#ofGroup.get(MAIN_GROUP)!;
    return places[spread(id, places.length)];
  }
}

/**
 * Finds the folders, and makes those of groups that are missing.
 * @param main the folder of the queue itself
 * @returns with the folders of groups, and what an operator should know: folders that cannot be made or read; their mail goes to the main one
 */
export async function findPlaces(
  files: FileOperations,
  main: string,
  groups: readonly GroupPath[],
  mayMake: boolean,
): Promise<{
  readonly places: SpoolPlaces;
  readonly folders: readonly GroupPath[];
  readonly reports: readonly string[];
}> {
  const places = [await placeAt(files, MAIN_GROUP, main)];
  const folders: GroupPath[] = [];
  const reports: string[] = [];
  const known = new Set([main]);
  for (const { group, path } of groups) {
    try {
      for (const folder of await foldersOf(files, path)) {
        if (known.has(folder)) continue;
        if (mayMake) await files.makeFolder(folder, 0o700);
        else if (!(await isFolder(files, folder))) continue;
        known.add(folder);
        folders.push({ group, path: folder });
        places.push(await placeAt(files, group, folder));
      }
    } catch (error) {
      reports.push(`Cannot use ${path} for the queue group ${group}: ${reasonOf(error)}; its messages go to ${main}`);
    }
  }
  return { places: new SpoolPlaces(places), folders, reports };
}
