/** The class syslog: writes the key to the log, at the priority of -L, and gives nothing back. */
import type { LogPriority } from "./environment.ts";
import { found, type MapClass } from "./map-class.ts";

const PRIORITIES: ReadonlySet<string> = new Set([
  "emerg",
  "alert",
  "crit",
  "err",
  "warning",
  "notice",
  "info",
  "debug",
] satisfies LogPriority[]);

export const syslogClass: MapClass = {
  flags: {
    forms: { L: "word", D: "switch", S: "character" },
    lonely: true,
    unknown: (letter) => `Illegal option ${letter} map syslog`,
  },
  keepsCase: true,
  literal: true,
  open({ flags, environment, problem }) {
    const level = flags.value("L") || "info";
    const priority = level.toLowerCase().replace(/^log_/, "");
    if (!PRIORITIES.has(priority)) {
      problem(`syslog_map_parseargs: Unknown priority ${level}`);
      return undefined;
    }
    return {
      find(key) {
        environment.log(priority as LogPriority, key);
        return found("");
      },
    };
  },
};
