/** Whether a descriptor is a terminal. Most are none, and Node loads what it knows of them only for those that may be. */
import { fstatSync } from "node:fs";
import { isatty } from "node:tty";

export function isTerminal(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && isatty(fd);
  } catch {
    return false; // it is closed
  }
}
