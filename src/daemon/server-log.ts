/** The log of the server: a file in its home, and where RULEMAIL_LOG says. Commands that work in its place write there, too. */
import { join } from "node:path";
import { type LogOptions, type LogTarget, openLog, type OpenLog } from "../log/open-log.ts";
import { systemClock } from "../sys/clock.ts";
import { hasOwnRights } from "../sys/own-rights.ts";
import { homeFolder } from "./home.ts";

export interface ServerLogOptions {
  /** Lines go to standard output, too. */
  readonly foreground: boolean;
  /** -L */
  readonly logTag?: string;
}

/** @throws what the file system says when the file cannot be opened; what is wrong with RULEMAIL_LOG */
export function openServerLog({ foreground, logTag }: ServerLogOptions, hostName: string): OpenLog {
  return openLog({
    level: 9,
    ...logPlaces(hasOwnRights() ? process.env.RULEMAIL_LOG : undefined, foreground),
    program: logTag ?? "sendmail",
    host: hostName.split(".", 1)[0],
    pid: process.pid,
    clock: systemClock,
  });
}

const PLACES: Readonly<Record<string, () => LogTarget>> = {
  file: () => ({ kind: "file", path: join(homeFolder().folder, "log") }),
  stdout: () => ({ kind: "stdout" }),
  syslog: () => ({ kind: "syslog" }),
};

/**
 * Where lines go, and in which layout.
 * @param named RULEMAIL_LOG: places with blanks or commas between them; "json" for one object a line in files and standard output.
 *   No place: the file
 * @throws Error about words that are none of these
 */
export function logPlaces(
  named: string | undefined,
  foreground: boolean,
): { readonly targets: readonly LogTarget[]; readonly format: LogOptions["format"] } {
  const words = new Set((named ?? "").split(/[\s,]+/).filter((word) => word !== ""));
  const format = words.delete("json") ? "json" : "text";
  if (words.size === 0) words.add("file");
  if (foreground) words.add("stdout");
  const targets = [...words].map((word) => {
    if (!Object.hasOwn(PLACES, word)) {
      throw new Error(`RULEMAIL_LOG="${named}": "${word}" is no place of a log (wanted: file, syslog, stdout, json)`);
    }
    return PLACES[word]();
  });
  return { targets, format };
}
