/** What a process has cost so far, as the kernel counts it (proc(5)). Linux only. */
import { readFileSync } from "node:fs";

export interface ProcessCost {
  /** User and system time in ms; a tick is 10 ms. */
  readonly cpu: number;
  /** Largest resident memory so far, in MB. */
  readonly peak: number;
}

/** USER_HZ: 100 on every Linux that Node runs on. */
const MS_PER_TICK = 10;

/** Cost of the process and of the children that it runs now (workers of the server). */
export function costOf(pid: number): ProcessCost {
  let { cpu, peak } = costOfOne(pid);
  for (const child of childrenOf(pid)) {
    const cost = costOf(child);
    cpu += cost.cpu;
    peak = Math.max(peak, cost.peak);
  }
  return { cpu, peak };
}

function costOfOne(pid: number): ProcessCost {
  try {
    // The name in parentheses may hold anything; the numbers begin behind it. utime and stime are fields 14 and 15.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    const [, kilobytes = "0"] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
    return { cpu: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK, peak: Number(kilobytes) / 1024 };
  } catch {
    return { cpu: 0, peak: 0 }; // gone by now
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
