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

async function fromSystem(name: string): Promise<number | undefined> {
  return numberOf(await askSystem(name), name);
}

/** The line of a group, by name or number; "" where there is none. */
function askSystem(key: string): Promise<string> {
  return new Promise((resolve) => {
    execFile("getent", ["group", key], { timeout: 10_000, encoding: "latin1" }, (error, output) => {
      resolve(error === null ? output : "");
    });
  });
}

/** Whether a user is named as a member of a group. */
export async function isGroupMember(gid: number, user: string): Promise<boolean> {
  const isNamed = (lines: string): boolean =>
    groupsIn(lines).some((group) => group.gid === gid && group.members.includes(user));
  try {
    if (isNamed(readFileSync("/etc/group", "latin1"))) return true;
  } catch {
    // no such file on this system: the system is asked
  }
  return isNamed(await askSystem(String(gid)));
}

interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** Reads `name:password:number:members` lines. */
function groupsIn(lines: string): readonly Group[] {
  return lines.split("\n").flatMap((line) => {
    const [name = "", , number = "", members = ""] = line.trimEnd().split(":");
    return /^[0-9]+$/.test(number) ? [{ name, gid: Number(number), members: members.split(",") }] : [];
  });
}

function numberOf(lines: string, name: string): number | undefined {
  return groupsIn(lines).find((group) => group.name === name)?.gid;
}
