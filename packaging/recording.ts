/**
 * What a process or thread leaves of the scripts that it has run, while the build looks on: compiled code with all functions that
 * have run, as `SCRIPT.NAME` in the folder that RULEMAIL_RECORD names. What others have left is taken and added to:
 * `SCRIPT.cache` there.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import type { Script } from "node:vm";
import type { CompiledCode } from "../src/cli/one-file-scripts.ts";
import { standardHeap } from "../src/sys/heap.ts";

/** Behind the process id, in names of what the thread of the sessions leaves. */
export const THREAD = "-sessions";

/** @param name of the process or thread, for the files */
export function recording(name: string): CompiledCode {
  const folder = process.env.RULEMAIL_RECORD;
  if (folder === undefined) throw new Error("RULEMAIL_RECORD names no folder");
  const scripts = new Map<string, Script>();
  process.once("exit", () => {
    standardHeap();
    setFlagsFromString("--flush-bytecode");
    for (const [script, code] of scripts) writeFileSync(join(folder, `${script}.${name}`), code.createCachedData());
  });
  return {
    find(script) {
      // Code is for processes with V8's own flags, and says so.
      setFlagsFromString("--flush-bytecode");
      try {
        return readFileSync(join(folder, `${script}.cache`));
      } catch {
        return undefined;
      }
    },
    loaded(script, code) {
      // What has not run for a while is code all the same.
      setFlagsFromString("--no-flush-bytecode");
      scripts.set(script, code);
    },
  };
}
