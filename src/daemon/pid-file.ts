/**
 * The pid file: first line the process id, second the command line (manual §4.10). Made while the server still has the
 * rights to, and root's even then: a number that others may write there is a number that root's scripts would kill.
 */
import { closeSync, constants, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/**
 * Writes the file, and makes its folder: /run is empty after each boot. Throws what the file system says.
 * @returns removes the file, as far as the rights go that are left by then
 */
export function writePidFile(path: string, command: readonly string[]): () => void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  // A link that somebody laid there is taken away, not followed.
  rmSync(path, { force: true });
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
  try {
    writeSync(fd, `${process.pid}\n${command.join(" ")}\n`);
  } finally {
    closeSync(fd);
  }
  return () => {
    try {
      rmSync(path, { force: true });
    } catch {
      // In a folder of root's: the root helper takes it away.
    }
  };
}
