/**
 * Files that whoever started the server had left open: programs of users would inherit them, opened with root's rights. Node
 * closes the low ones to its children by itself, as far as they come one after another; the others are closed here.
 */
import { closeSync, readdirSync, readFileSync } from "node:fs";

/** O_CLOEXEC in /proc/PID/fdinfo/N: whatever Node has opened itself. */
const CLOSED_TO_CHILDREN = 0o2000000;
/** Node has seen to these, and some of them are needed. */
const LOW = 15;

export function closeInherited(): void {
  for (const name of entries()) {
    const file = Number(name);
    try {
      const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, "latin1"))?.[1];
      if (file > LOW && flags !== undefined && (Number.parseInt(flags, 8) & CLOSED_TO_CHILDREN) === 0) closeSync(file);
    } catch {
      // The descriptor that the list was read with.
    }
  }
}

/** Nothing where there is no /proc. */
function entries(): readonly string[] {
  try {
    return readdirSync("/proc/self/fdinfo");
  } catch {
    return [];
  }
}
