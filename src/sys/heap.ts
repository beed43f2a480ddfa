/**
 * What bin/rulemail tells V8 on the command line of a server (docs/decisions/0006-flags-of-node.md), told a process that runs: the
 * one executable file has no such command line. It is told when all is loaded: V8 takes code that was compiled beforehand only
 * while its options are those with which that was done.
 */
/** Two halves of 8 MB each. */
const LARGEST_YOUNG = 16 * 1024 * 1024;
/** How often the size of the young generation is looked at, ms; it grows by twos, when much survives. */
const LOOK = 1_000;

/**
 * What a process that works for long has, and what V8 has by itself. Its compilers stay: V8 has decided at its start when which of
 * them is to work, and a server without Maglev from now on costs a third more.
 */
const OPTIONS = {
  ours: ["--heap-growing-percent=50", "--no-separate-gc-phases"],
  standard: ["--heap-growing-percent=0", "--separate-gc-phases", "--semi-space-growth-factor=2"],
};

export function keepHeapSmall(): void {
  const v8 = process.getBuiltinModule("node:v8");
  for (const option of OPTIONS.ours) v8.setFlagsFromString(option);
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
