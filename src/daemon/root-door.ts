/** What the server may ask of root after it has given up root's rights. What it may name the terms say (rights/terms.ts). */
import { accessSync, constants } from "node:fs";
import type { RootHelper } from "../rights/root-helper.ts";
import type { SealedFiles } from "../sys/sealed-file.ts";
import type { Terms } from "../rights/terms.ts";

export type RootDoor = Pick<RootHelper, "listen" | "listenElsewhere" | "readFile" | "reload">;

/** Those files of the terms that this process may not read itself. */
export async function readByRoot(door: RootDoor, { files }: Pick<Terms, "files">): Promise<SealedFiles> {
  const sealed = new Map<string, Buffer>();
  for (const path of files) {
    if (isReadable(path)) continue;
    // What cannot be read is told by whoever needs it.
    const octets = await door.readFile(path).catch(() => undefined);
    if (octets !== undefined) sealed.set(path, octets);
  }
  return sealed;
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EACCES";
  }
}
