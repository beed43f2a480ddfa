/** The log of the server: a file in its home. Commands that work in its place write there, too. */
import { join } from "node:path";
import { openLog, type OpenLog } from "../log/open-log.ts";
import { systemClock } from "../sys/clock.ts";
import { homeFolder } from "./home.ts";

export interface ServerLogOptions {
  /** Lines go to standard output, too. */
  readonly foreground: boolean;
  /** -L */
  readonly logTag?: string;
}

/** @throws what the file system says when the file cannot be opened */
export function openServerLog({ foreground, logTag }: ServerLogOptions, hostName: string): OpenLog {
  return openLog({
    level: 9,
    targets: [
      { kind: "file", path: join(homeFolder().folder, "log") },
      ...(foreground ? ([{ kind: "stdout" }] as const) : []),
    ],
    format: "text",
    program: logTag ?? "sendmail",
    host: hostName.split(".", 1)[0],
    pid: process.pid,
    clock: systemClock,
  });
}
