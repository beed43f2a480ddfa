/** The hidden personality of main.ts for tests of the pool itself: node test/support/pool-entry.ts ROLE. Its tasks tell what they see. */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import type { FileTask, PoolTask, PoolTasks, ProgramTask, TaskResult } from "../../src/rights/task.ts";
import { WORKER_FLAGS } from "../../src/rights/worker-command.ts";
import { runWorker } from "../../src/rights/worker-roles.ts";

const done = (output: string): TaskResult => ({ kind: "done", status: "2.0.0", text: "", output });

function ids(): string {
  const groups = [...new Set(process.getgroups?.())].toSorted((a, b) => a - b);
  return `${process.geteuid?.()}:${process.getegid?.()}:${groups.join(",")}`;
}

/** Sent by tests under the names of real tasks, so that the checks of these apply. */
const deeds: Readonly<Record<string, FileTask>> = {
  whoami: () => done(ids()),
  pid: () => done(String(process.pid)),
  count: (_argument, input) => {
    let count = 0;
    for (const chunk of input.chunks()) count += chunk.length;
    return done(`${count} ${input.size}`);
  },
  twice: (_argument, input) => {
    const read = (): string => [...input.chunks()].map((each) => each.toString("latin1")).join("");
    return done(String(read() === read()));
  },
  die: () => process.kill(process.pid, "SIGKILL") && done(""),
  stop: () => process.kill(process.pid, "SIGSTOP") && done("continued"),
  fail: () => {
    throw Object.assign(new Error("no"), { code: "ENOSPC" });
  },
  /** Held for as many tries as the argument says. */
  busy: ({ path, tries }) => {
    const file = String(path);
    appendFileSync(file, "x");
    return readFileSync(file).length > Number(tries) ? done("free at last") : { kind: "busy", text: "held" };
  },
  write: ({ path }, input, tools) => {
    writeFileSync(String(path), Buffer.concat([...input.chunks()]));
    tools.syncFolder(String(path).replace(/\/[^/]*$/, ""));
    return done(ids());
  },
  append: ({ path, text }) => {
    appendFileSync(String(path), `${String(text)} ${ids()}\n`);
    return done(ids());
  },
  syncAt: ({ path }, _input, tools) => {
    tools.syncFolder(String(path));
    return { kind: "done", status: "2.0.0", text: "" };
  },
  syncNowhere: (_argument, _input, tools) => {
    tools.syncFolder("/nonexistent");
    return done("");
  },
  asRoot: (_argument, _input, tools) => done(`${ids()} ${tools.asRoot(ids)} ${ids()}`),
  echo: (argument) => done(JSON.stringify(argument)),
};

const deed: FileTask = (argument, input, tools) => deeds[String(argument.deed)](argument, input, tools);

const program: ProgramTask = async (argument, _input, identity, signal) => {
  if (argument.wait === true) {
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve());
    });
    return { kind: "later", status: "4.3.2", text: "stopped" };
  }
  return done(JSON.stringify({ ...identity, here: ids() }));
};

const tasks: PoolTasks = new Map<string, PoolTask>([
  ...["mbox", "maildir", "file", "read"].map((name): [string, PoolTask] => [name, { kind: "file", run: deed }]),
  ["program", { kind: "program", run: program }],
]);

const command = [process.execPath, ...WORKER_FLAGS, import.meta.filename];
await runWorker(process.argv.at(-1), {
  command,
  tasks,
  openLocks: () => ({ lock: () => "unsupported", unlock: () => undefined }),
});
