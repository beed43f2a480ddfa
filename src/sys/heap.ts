/**
 * What V8 is told in a process that works for long (docs/decisions/0006-flags-of-node.md). It is told when all is loaded, not on a
 * command line: V8 takes code that was compiled beforehand, Node's own library included, only while its options are those with
 * which that was done. The largest size of the young generation is no such option; bin/rulemail names it.
 */
import type * as V8 from "node:v8";
import { keepCompiledCode } from "./compiled-code.ts";

/** Two halves of 8 MB each. */
const LARGEST_YOUNG = 16 * 1024 * 1024;
/** How often the size of the young generation is looked at, ms; it grows by twos, when much survives. */
const LOOK = 1_000;

/** Test mode runs for moments, and many at once; processes beside a server do little. */
export type Work = "server" | "test mode" | "beside a server";

const GROWTH: Readonly<Record<Work, number>> = { server: 50, "test mode": 25, "beside a server": 25 };

const COMMON = [
  "--no-separate-gc-phases",
  // What Maglev needed to compile waits for a thread that is never idle under load: 50 MB of it.
  "--no-maglev-destroy-on-background",
];

/** Hot code is worth its better compilers after a hundred and fifteen hundred calls: the first thousands of messages cost less. */
const EARLY = [
  "--invocation-count-for-maglev=100",
  "--minimum-invocations-after-ic-update=100",
  "--invocation-count-for-turbofan=1500",
];

/** What V8 begins with, which is not always what it calls the default. */
const STANDARD = [
  "--heap-growing-percent=0",
  "--separate-gc-phases",
  "--maglev-destroy-on-background",
  "--invocation-count-for-maglev=400",
  "--minimum-invocations-after-ic-update=500",
  "--invocation-count-for-turbofan=10000",
  "--semi-space-growth-factor=2",
];

/** @param isBounded whether the command line has set the size of the young generation */
export function keepHeapSmall(work: Work, isBounded: boolean): void {
  // What is compiled by now was so with the options that the next start begins with.
  keepCompiledCode();
  const v8 = process.getBuiltinModule("node:v8");
  const options = [`--heap-growing-percent=${GROWTH[work]}`, ...COMMON, ...(work === "server" ? EARLY : [])];
  for (const option of options) v8.setFlagsFromString(option);
  if (!isBounded) watchYoung(v8);
}

/** V8 makes up its mind about the largest size at its start, but about each next size anew. */
function watchYoung(v8: typeof V8): void {
  let mayGrow = true;
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
  for (const option of STANDARD) v8.setFlagsFromString(option);
}

function youngGeneration(v8: typeof V8): number {
  return v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space")?.space_size ?? 0;
}
