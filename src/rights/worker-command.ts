/** How this program is started once more, as one of the hidden processes. */

/**
 * Flags of Node for processes that do little and change ids: each id call signals every thread there is, so there are as few as
 * can be; and their heaps are small (docs/decisions/0010-rights.md has the figures).
 */
export const WORKER_FLAGS: readonly string[] = [
  "--v8-pool-size=0",
  "--disable-sigusr1",
  "--single-threaded",
  "--max-semi-space-size=1",
  "--no-opt",
  "--no-maglev",
  "--no-sparkplug",
  "--max-old-space-size=64",
];

/**
 * The words of a command line to which the role is added.
 * @param script the program's bundle
 */
export function workerCommand(script: string): readonly string[] {
  return [process.execPath, ...WORKER_FLAGS, script, "rulemail", "--worker"];
}
