/** A control group of Linux whose processes get half a core between them: attackers of a benchmark cost the server's core nothing. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Short, so that half a core is half of each few milliseconds, µs. */
const PERIOD = 10_000;
const NAME = `rulemail-hostile-${process.pid}`;

export interface HalfCore {
  add(pid: number): void;
  /** When its processes have ended. */
  remove(): void;
}

/** @returns why there is none, when control groups cannot be written */
export function halfCore(): HalfCore | string {
  const [first, second] = [versionOne(), versionTwo()];
  const folder = first ?? second;
  if (folder === undefined) return "no control group with a limit of CPU time can be made here";
  return {
    add: (pid) => writeFileSync(join(folder, "cgroup.procs"), String(pid)),
    remove() {
      try {
        rmdirSync(folder);
      } catch {
        // A process that is still ending; the empty group does no harm.
      }
    },
  };
}

function versionOne(): string | undefined {
  return made("/sys/fs/cgroup/cpu", (folder) => {
    writeFileSync(join(folder, "cpu.cfs_period_us"), String(PERIOD));
    writeFileSync(join(folder, "cpu.cfs_quota_us"), String(PERIOD / 2));
  });
}

function versionTwo(): string | undefined {
  const root = "/sys/fs/cgroup";
  if (!existsSync(join(root, "cgroup.controllers"))) return undefined;
  return made(root, (folder) => {
    if (!readFileSync(join(folder, "cgroup.controllers"), "latin1").split(/\s/).includes("cpu")) {
      writeFileSync(join(root, "cgroup.subtree_control"), "+cpu");
    }
    writeFileSync(join(folder, "cpu.max"), `${PERIOD / 2} ${PERIOD}`);
  });
}

function made(above: string, limit: (folder: string) => void): string | undefined {
  const folder = join(above, NAME);
  try {
    if (!existsSync(above)) return undefined;
    mkdirSync(folder, { recursive: true });
    limit(folder);
    return folder;
  } catch {
    try {
      rmdirSync(folder);
    } catch {
      // It was not even made.
    }
    return undefined;
  }
}
