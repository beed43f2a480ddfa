/**
 * A genuine sendmail and GNU m4, to be compared with: GENUINE is a command prefix (`GENUINE="/usr/sbin/sendmail"`); without
 * it a sendmail in the PATH counts when it is version 8 and not ours. Nothing of it is read, it only answers.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";

const home = join(import.meta.dirname, "..");
const PATIENCE_MS = 60_000;

export type Found = { readonly command: readonly string[] } | { readonly missing: string };

/** The command of a genuine sendmail, or why there is none. */
export function findGenuine(): Found {
  const given = process.env["GENUINE"];
  if (given !== undefined && given !== "") return { command: given.split(" ") };
  const places = ["/usr/sbin", "/usr/lib", ...(process.env["PATH"] ?? "").split(delimiter)];
  for (const place of places) {
    const file = join(place, "sendmail");
    if (isForeign(file) && identity([file]).includes("Version 8.")) return { command: [file] };
  }
  return { missing: "no genuine sendmail here (install one, or name it: GENUINE=COMMAND)" };
}

/** GNU m4: the command in GNU_M4, or m4 of the PATH. */
export function findGnuM4(): Found {
  const command = (process.env["GNU_M4"] ?? "m4").split(" ");
  const { stdout } = spawnSync(command[0], [...command.slice(1), "--version"], {
    encoding: "latin1",
    timeout: PATIENCE_MS,
  });
  return stdout?.includes("GNU M4")
    ? { command }
    : { missing: "no GNU m4 here (install it, or name it: GNU_M4=COMMAND)" };
}

/** A sendmail of another program than this one, that may be executed. */
function isForeign(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return !realpathSync(file).startsWith(realpathSync(home));
  } catch {
    return false;
  }
}

function identity(command: readonly string[]): string {
  const words = [...command.slice(1), "-d0.1", "-bt", "-C", "/dev/null"];
  const run = spawnSync(command[0], words, { input: "", encoding: "latin1", timeout: PATIENCE_MS });
  return run.stdout ?? "";
}
