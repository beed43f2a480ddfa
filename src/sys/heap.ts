/**
 * How V8 keeps its heap in a process that works for long, or of which there are many (docs/decisions/0006-flags-of-node.md). It is
 * told while the process runs, when all is loaded: V8 takes code that was compiled beforehand, Node's own library included, only
 * while its options are those with which that was done. What bin/rulemail says on the command line, the largest size of the young
 * generation, makes no difference to that; the one executable file has no such command line.
 */
import { isOneFile } from "./program-files.ts";

/** Two halves of 8 MB each. */
const LARGEST_YOUNG = 16 * 1024 * 1024;
/** How often the size of the young generation is looked at, ms; it grows by twos, when much survives. */
const LOOK = 1_000;

/** What a process that works for long has beside the growth of its old generation, and what V8 has by itself. */
const OPTIONS = {
  ours: ["--no-separate-gc-phases", "--no-maglev"],
  standard: ["--heap-growing-percent=0", "--separate-gc-phases", "--maglev", "--semi-space-growth-factor=2"],
};

/**
 * Does nothing in a process that was started another way, by a test for one.
 * @param growth of the old generation between two markings, percent
 */
export function keepHeapSmall(growth: number): void {
  const hasYoungLimit = process.execArgv.some((word) => word.startsWith("--max-semi-space-size="));
  if (!hasYoungLimit && !isOneFile()) return;
  const v8 = process.getBuiltinModule("node:v8");
  for (const option of [...OPTIONS.ours, `--heap-growing-percent=${growth}`]) v8.setFlagsFromString(option);
  // What Node keeps of compiled code at the end is for processes that begin.
  process.once("exit", standardHeap);
  if (!hasYoungLimit) keepYoungSmall(v8);
}

function keepYoungSmall(v8: typeof import("node:v8")): void {
  let mayGrow = true;
  // V8 makes up its mind about the largest size at its start, but about each next size anew.
  const look = (): void => {
    const isLarge = youngGeneration(v8) >= LARGEST_YOUNG;
    if (isLarge !== mayGrow) return;
    mayGrow = !isLarge;
    v8.setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
  };
  setInterval(look, LOOK).unref();
}

/** Undoes all of it, apart from watching. */
export function standardHeap(): void {
  const v8 = process.getBuiltinModule("node:v8");
  for (const option of OPTIONS.standard) v8.setFlagsFromString(option);
}

function youngGeneration(v8: typeof import("node:v8")): number {
  return v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space")?.space_size ?? 0;
}
