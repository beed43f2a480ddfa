/** What the server may ask of root after it has given up root's rights. What it may name the terms say (rights/terms.ts). */
import { accessSync, constants } from "node:fs";
import type { RootHelper } from "../rights/root-helper.ts";
import type { Terms } from "../rights/terms.ts";

export type RootDoor = Pick<RootHelper, "listen" | "readFile" | "reload">;

/** The texts among the files of the terms that this process may not read itself, latin1. */
export async function closedTexts(door: RootDoor, { files }: Terms): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const path of files) if (!isReadable(path)) texts.set(path, (await door.readFile(path)).toString("latin1"));
  return texts;
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EACCES";
  }
}
