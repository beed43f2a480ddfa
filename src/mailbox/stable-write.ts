/** Octets on stable storage, by system calls that come back when it is done. */
import { closeSync, constants, fsyncSync, openSync, writevSync } from "node:fs";
import type { Octets } from "../rights/task.ts";

/** So much goes into one call: most messages whole. */
const AT_ONCE = 256 * 1024;

/** @param before octets to go first, in the same call */
export function writeAll(
  fd: number,
  input: Octets,
  before: readonly Buffer[] = [],
  after: readonly Buffer[] = [],
): void {
  let waiting: Buffer[] = [];
  let size = 0;
  const add = (chunk: Buffer): void => {
    if (chunk.length === 0) return;
    waiting.push(chunk);
    size += chunk.length;
    if (size < AT_ONCE) return;
    writeWhole(fd, waiting);
    waiting = [];
    size = 0;
  };
  before.forEach(add);
  for (const chunk of input.chunks()) add(chunk);
  after.forEach(add);
  if (size > 0) writeWhole(fd, waiting);
}

function writeWhole(fd: number, chunks: readonly Buffer[]): void {
  const total = chunks.reduce((sum, each) => sum + each.length, 0);
  let written = writevSync(fd, chunks);
  if (written === total) return;
  // A short write is not an error yet; the next one tells why.
  const octets = Buffer.concat(chunks);
  while (written < total) written += writevSync(fd, [octets.subarray(written)]);
}

/** Names made or changed in the folder last. */
export function syncFolder(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
