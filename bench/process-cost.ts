/** What a process has cost so far, as the kernel counts it (proc(5)). Linux only. */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessCost {
  /** User and system time in ms; a tick is 10 ms. */
  readonly cpu: number;
  /** Largest resident memory so far, in MB. */
  readonly peak: number;
}

/** USER_HZ: 100 on every Linux that Node runs on. */
const MS_PER_TICK = 10;

/** Cost of the process and of all below it that run now (root helper and pool of the server). */
export function costOf(pid: number, withOthers = true): ProcessCost & { readonly own: number } {
  const [own, ...others] = (withOthers ? [pid, ...allBelow(pid)] : [pid]).map(costOfOne);
  const all = [own, ...others];
  return {
    own: own.cpu,
    cpu: all.reduce((sum, { cpu }) => sum + cpu, 0),
    peak: Math.max(...all.map(({ peak }) => peak)),
  };
}

/** User and system time, ms, of the threads that run scripts: the main one, and that of the sessions where there is one. */
export function costOfThreads(pid: number): Readonly<Record<"main" | "sessions", number>> {
  const costs = { main: 0, sessions: 0 };
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const text = readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1");
    const name = Number(thread) === pid ? "main" : "sessions";
    if (name === "main" || text.includes("(sessions)")) costs[name] += cpuOf(text);
  }
  return costs;
}

/** CPU time of the process, of all below it that run now, and of those that have ended; ms. */
export function costWithEnded(pid: number): number {
  return [pid, ...allBelow(pid)].reduce((sum, each) => sum + withChildren(each), 0);
}

/** Its own, and that of children that it has waited for. */
function withChildren(pid: number): number {
  try {
    return cpuOf(readFileSync(`/proc/${pid}/stat`, "latin1"), 4);
  } catch {
    return 0; // gone by now
  }
}

/** Resident memory of a process now, MB. */
export function residentOf(pid: number): number {
  const [, kilobytes = "0"] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
  return Number(kilobytes) / 1024;
}

/** Proportional share of memory (smaps_rollup), MB: of the process, then of each below it. */
export function sharesOf(pid: number): [own: number, ...others: number[]] {
  return [shareOf(pid), ...allBelow(pid).map(shareOf)];
}

function shareOf(pid: number): number {
  try {
    const [, kilobytes = "0"] = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1")) ?? [];
    return Number(kilobytes) / 1024;
  } catch {
    return 0; // gone by now
  }
}

function allBelow(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...allBelow(child)]);
}

function costOfOne(pid: number): ProcessCost {
  try {
    const cpu = cpuOf(readFileSync(`/proc/${pid}/stat`, "latin1"));
    const [, kilobytes = "0"] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
    return { cpu, peak: Number(kilobytes) / 1024 };
  } catch {
    return { cpu: 0, peak: 0 }; // gone by now
  }
}

/**
 * The name in parentheses may hold anything; the numbers begin behind it. utime and stime are fields 14 and 15, cutime and cstime
 * the two behind them.
 */
function cpuOf(stat: string, count: 2 | 4 = 2): number {
  const fields = stat
    .replace(/^.*\) /s, "")
    .split(" ")
    .slice(11, 11 + count);
  return fields.reduce((sum, field) => sum + Number(field), 0) * MS_PER_TICK;
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
