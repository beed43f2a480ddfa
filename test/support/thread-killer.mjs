// For a server of a test (--import): its session thread dies, as of a bug, when there is a file kill-sessions in its home.
import { existsSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";

if (!isMainThread && process.env.RULEMAIL_HOME !== undefined) {
  const file = join(process.env.RULEMAIL_HOME, "kill-sessions");
  setInterval(() => {
    if (!existsSync(file)) return;
    unlinkSync(file);
    throw new Error("killed by a test");
  }, 20).unref();
}
