/**
 * Files that this process may not read any more, or never might: somebody with more rights has read them for it, before those
 * rights were given up or at its request. What the process may read itself it reads itself, so that changes are seen.
 */
import { readFileSync } from "node:fs";

/** Octets by path. */
export type SealedFiles = ReadonlyMap<string, Buffer>;

/** The octets of a file. Throws what the file system says. */
export function readSealed(path: string, sealed: SealedFiles | undefined): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const known = (error as NodeJS.ErrnoException).code === "EACCES" ? sealed?.get(path) : undefined;
    if (known === undefined) throw error;
    return known;
  }
}
