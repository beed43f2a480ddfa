/** Groups of the system by name: /etc/group first, then `getent group` (for directory services). */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";

/** The number of a group, or undefined when there is none of that name. */
export function groupId(name: string): number | undefined | Promise<number | undefined> {
  if (!/^[A-Za-z0-9_.][A-Za-z0-9_.-]*\$?$/.test(name)) return undefined;
  return fromGroupFile(name) ?? fromSystem(name);
}

function fromGroupFile(name: string): number | undefined {
  try {
    return numberOf(readFileSync("/etc/group", "latin1"), name);
  } catch {
    return undefined; // no such file on this system: the system is asked
  }
}

function fromSystem(name: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    execFile("getent", ["group", name], { timeout: 10_000, encoding: "latin1" }, (error, output) => {
      resolve(error === null ? numberOf(output, name) : undefined);
    });
  });
}

/** Reads `name:password:number:members` lines. */
function numberOf(lines: string, name: string): number | undefined {
  for (const line of lines.split("\n")) {
    const fields = line.split(":");
    if (fields[0] === name && /^[0-9]+$/.test(fields[2] ?? "")) return Number(fields[2]);
  }
  return undefined;
}
