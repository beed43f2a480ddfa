/**
 * Replaces a file as a whole without keeping anybody waiting: piece by piece, written aside as `NAME.new`, synced, renamed over the old
 * one, folder synced. A crash leaves the old content or the new, and perhaps the file aside, which the next one writes over.
 */
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * One at a time for each path. Throws what the file system says; the old content is still there then.
 * @param pieces of text; asked for one after the other as they are written
 */
export async function replaceFile(path: string, pieces: Iterable<string>, mode = 0o600): Promise<void> {
  const aside = `${path}.new`;
  const file = await open(aside, "w", mode);
  try {
    for (const piece of pieces) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
