/** All that pool processes can do: name → task. What each may do with which argument: rights/admission.ts. */
import { runProgram } from "../rights/program.ts";
import type { FileTask, PoolTask, PoolTasks } from "../rights/task.ts";
import { READ_TASK, readText } from "./read-text.ts";
import { mailboxTasks } from "./tasks.ts";

const ofFiles: readonly (readonly [string, FileTask])[] = [...mailboxTasks, [READ_TASK, readText]];

export const poolTasks: PoolTasks = new Map<string, PoolTask>([
  ...ofFiles.map(([name, run]): [string, PoolTask] => [name, { kind: "file", run }]),
  ["program", { kind: "program", run: runProgram }],
]);
