/**
 * The class stab: a table in memory, filled from a file of lines `key: value` (the layout of aliases: `#` comments, lines
 * that begin with white space continue the one before).
 */
import { readFileSync } from "node:fs";
import { foldCase } from "../rewriting/fold-case.ts";
import { COMMON_FLAGS } from "./flags.ts";
import { found, MISSING, type MapClass, tempfail } from "./map-class.ts";
import { explainUnopened } from "../sys/safe-file.ts";
import { WatchedFile } from "./watched-file.ts";

export const stabClass: MapClass = {
  flags: COMMON_FLAGS,
  open({ declaration: { name }, flags, environment, problem }) {
    const path = flags.firstWord;
    if (path === "") {
      problem(`No file name for stab map ${name}`);
      return undefined;
    }
    const file = new WatchedFile({
      path,
      use: "map",
      safety: environment,
      clock: environment.clock,
      plain: true,
      load: (fd) => readEntries(readFileSync(fd, "latin1"), flags.has("f")),
    });
    return {
      find(key) {
        const state = file.current();
        if (state.kind !== "open") {
          if (flags.has("o") && state.kind === "absent") return MISSING;
          return tempfail(`stab map "${name}": cannot open ${path}: ${explainUnopened(state)}`);
        }
        const value = state.content.get(key);
        return value === undefined ? MISSING : found(value);
      },
      available: () => file.current().kind === "open",
      close: () => file.close(),
    };
  },
};

function readEntries(text: string, keepCase: boolean): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  for (const line of text.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (line.startsWith("#") || colon < 1) continue;
    const key = line.slice(0, colon).trim();
    const folded = keepCase ? key : foldCase(key);
    if (!entries.has(folded)) entries.set(folded, line.slice(colon + 1).trim());
  }
  return entries;
}
