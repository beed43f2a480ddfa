/** The hidden personality of main.ts for tests: node test/support/worker-entry.ts ROLE ... */
import { userTasks } from "../../src/delivery/user-tasks.ts";
import { runWorkerPersonality } from "../../src/rights/worker-process.ts";
import type { TaskResult } from "../../src/rights/task.ts";

const done = (output: string): TaskResult => ({ kind: "done", status: "2.0.0", text: "", output });

const tasks = new Map([
  ...userTasks,
  [
    "whoami",
    async () => done(`${process.getuid?.()} ${process.getgid?.()} ${process.getgroups?.().join(",")}`),
  ] as const,
  [
    "count",
    async (_argument: unknown, input: unknown) => {
      let count = 0;
      for await (const chunk of (input as () => AsyncIterable<Buffer>)()) count += chunk.length;
      return done(String(count));
    },
  ] as const,
  ["die", () => process.exit(3)] as const,
  ["early", async () => done("before the end of the input")] as const,
  [
    "wait",
    (_argument: unknown, _input: unknown, signal: AbortSignal) =>
      new Promise<TaskResult>((resolve) => {
        signal.addEventListener("abort", () => resolve({ kind: "later", status: "4.3.2", text: "stopped" }));
      }),
  ] as const,
]);

const entry = [process.execPath, import.meta.filename];
await runWorkerPersonality(process.argv.slice(2), entry, tasks);
