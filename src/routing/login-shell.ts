/**
 * Whether a user may have programs run and files written: users with a shell of /etc/shells may log in and do it themselves
 * (manual §4.6). `/SENDMAIL/ANY/SHELL/` in that file stands for all shells.
 */
import { readFileSync } from "node:fs";
import type { User } from "../sys/users.ts";

const SHELLS = "/etc/shells";
/** Where there is no such file, as getusershell(3). */
const USUAL = ["/bin/sh", "/bin/csh"];
const ANY = "/SENDMAIL/ANY/SHELL/";

/** No shell in the password line means /bin/sh. */
export function hasLoginShell({ shell }: User, file = SHELLS): boolean {
  const shells = readShells(file);
  return shells.includes(shell === "" ? "/bin/sh" : shell) || shells.includes(ANY);
}

function readShells(file: string): readonly string[] {
  try {
    return readFileSync(file, "latin1")
      .split("\n")
      .map((line) => line.replace(/#.*/, "").trim())
      .filter((line) => line.startsWith("/"));
  } catch (error) {
    // A list that is there and cannot be read allows nobody.
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? USUAL : [];
  }
}
