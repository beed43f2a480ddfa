/** The pid file: first line the process id, second the command line (manual §4.10). */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Writes the file, and makes its folder: /run is empty after each boot. Throws what the file system says.
 * @returns removes the file
 */
export function writePidFile(path: string, command: readonly string[]): () => void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  writeFileSync(path, `${process.pid}\n${command.join(" ")}\n`, { mode: 0o644 });
  return () => rmSync(path, { force: true });
}
