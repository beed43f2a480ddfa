/** Lines of passwd(5): `name:password:uid:gid:gecos:home:shell`. */
import type { User } from "./users.ts";

/** The user of one line, or undefined when it is a comment, empty, or no such line. */
export function parsePasswdLine(line: string): User | undefined {
  const [name, , uid, gid, gecos = "", home = "", shell = ""] = line.split(":");
  if (!name || name.startsWith("#") || !/^\d{1,10}$/.test(uid ?? "") || !/^\d{1,10}$/.test(gid ?? "")) return undefined;
  return { name, uid: Number(uid), gid: Number(gid), gecos, home, shell };
}
