/** What keeps a user away from a file or folder, in words that say what to do about it. */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";

const { R_OK, W_OK, X_OK } = constants;
const WORDS: readonly (readonly [number, string])[] = [
  [R_OK, "read"],
  [W_OK, "write to"],
  [X_OK, "enter"],
];

/**
 * Why this process does not get to the path with all of `wanted` (R_OK and the like); undefined when it does, or when there
 * is nothing.
 * @param user how messages call who this process is
 */
export function whyOutOfReach(path: string, wanted: number, user: string): string | undefined {
  for (const folder of foldersAbove(path)) {
    if (!may(folder, X_OK)) return `${user} may not enter ${folder} (chmod a+x ${folder})`;
  }
  if (may(path, wanted)) return undefined;
  const [, word] = WORDS.find(([bit]) => (wanted & bit) !== 0 && !may(path, bit)) ?? [0, "use"];
  return `${user} may not ${word} ${path}`;
}

/** From the root down. */
function foldersAbove(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [...foldersAbove(above), above];
}

function may(path: string, wanted: number): boolean {
  try {
    accessSync(path, wanted);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

/**
 * The first folder on the way to an existing path, itself included, that would keep out a user with these ids and no other
 * groups: asked by root about somebody that it will be.
 */
export function closedTo(
  path: string,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): string | undefined {
  const real = realpathSync(path);
  return [...foldersAbove(real), real].find((folder) => {
    const stats = statSync(folder);
    const shift = stats.uid === uid ? 6 : stats.gid === gid ? 3 : 0;
    return ((stats.mode >> shift) & X_OK) === 0;
  });
}
