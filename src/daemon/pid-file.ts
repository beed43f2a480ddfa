/** The pid file: first line the process id, second the command line (manual §4.10). */
import { rmSync, writeFileSync } from "node:fs";

/** Writes the file; returns a function that removes it. A folder that is missing is the caller's to report. */
export function writePidFile(path: string, command: readonly string[]): () => void {
  writeFileSync(path, `${process.pid}\n${command.join(" ")}\n`, { mode: 0o644 });
  return () => rmSync(path, { force: true });
}
