/**
 * The main script of a file that is made only to be run while the build looks on: each process leaves the compiled code of its
 * scripts, with all functions that have run, as `SCRIPT.PID` in the folder that RULEMAIL_RECORD names. The file to be shipped
 * carries that code. What other processes have left is taken and added to: `SCRIPT.cache` there.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import type { Script } from "node:vm";
import { runOneFile } from "../src/cli/one-file.ts";
import { standardHeap } from "../src/sys/heap.ts";

const folder = process.env.RULEMAIL_RECORD;
if (folder === undefined) throw new Error("RULEMAIL_RECORD names no folder");

const scripts = new Map<string, Script>();

void runOneFile({
  find(name) {
    // Code is for processes with V8's own flags, and says so.
    setFlagsFromString("--flush-bytecode");
    try {
      return readFileSync(join(folder, `${name}.cache`));
    } catch {
      return undefined;
    }
  },
  loaded(name, script) {
    // What has not run for a while is code all the same.
    setFlagsFromString("--no-flush-bytecode");
    scripts.set(name, script);
  },
});

process.once("exit", () => {
  standardHeap();
  setFlagsFromString("--flush-bytecode");
  for (const [name, script] of scripts) {
    writeFileSync(join(folder, `${name}.${process.pid}`), script.createCachedData());
  }
});
