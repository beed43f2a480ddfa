/** A server that has nothing but its pool: for tests of how processes end. Prints the ids of all processes, then runs tasks. */
import { readdirSync, readFileSync } from "node:fs";
import { openOwnPool, openTestPool, userOf } from "./pool.ts";

const isOwn = process.argv[2] === "own";
const open = isOwn ? { pool: openOwnPool(), home: () => "/nonexistent" } : openTestPool(2);
const never = new AbortController().signal;
const ask = (deed: string): Promise<unknown> =>
  open.pool.run(userOf(1), "maildir", { deed, path: `${open.home(1)}/x`, text: "x" }, [], never);

function childrenOf(pid: number): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((each) => {
    try {
      const text = readFileSync(`/proc/${each}/stat`, "latin1");
      return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]) === pid;
    } catch {
      return false;
    }
  });
}

await ask("whoami");
const [helper] = childrenOf(process.pid);
const pools = isOwn ? [helper] : childrenOf(helper);
process.stdout.write(`${JSON.stringify({ server: process.pid, helper, pools })}\n`);
if (process.argv[2] === "asking" && "helper" in open) {
  // Dies with questions on their way.
  for (let count = 0; count < 4; count++) open.helper.open().catch(() => undefined);
  setTimeout(() => process.kill(process.pid, "SIGKILL"), Number(process.argv[3]));
} else if (process.argv[2] === "stopped" || isOwn) void ask("stop");
else for (;;) await ask("append");
