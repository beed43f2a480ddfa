/** Where the queue is, and who may read its files. */
import { resolve } from "node:path";
import type { Config } from "./config.ts";

/** QueueDirectory, without the glob that sendmail allows at its end: the journal needs one folder. "" without one. */
export function queueFolder(config: Config): string {
  return config.options.text("QueueDirectory").replace(/\/[^/]*\*$/, "");
}

/** QueueFileMode: others may never write, and the server may always read what it has written. */
export function queueFileMode({ options }: Pick<Config, "options">): number {
  return (options.number("QueueFileMode") & 0o775) | 0o600;
}

/**
 * Where each queue group has its messages as files: P= of its Q line, or QueueDirectory; with `*` at the end for all folders
 * whose names begin like that. A path that is not absolute is one below the queue.
 */
export function queuePaths(config: Config): readonly { readonly group: string; readonly path: string }[] {
  const main = queueFolder(config);
  const directory = config.options.text("QueueDirectory");
  if (main === "") return [];
  return [...config.queueGroups.values()].map(({ name, path }) => ({
    group: name,
    path: resolve(main, path === "" ? directory : path),
  }));
}
