/** Where the queue is. */
import type { Config } from "./config.ts";

/** QueueDirectory, without the glob that sendmail allows at its end: the journal needs one folder. "" without one. */
export function queueFolder(config: Config): string {
  return config.options.text("QueueDirectory").replace(/\/[^/]*\*$/, "");
}
