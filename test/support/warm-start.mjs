/**
 * Before all tests, once a build: starts and ends a server, so that what V8 makes of the program's files is kept
 * (`dist/.cache`): what the first process has used of a file; a server uses the most of each, and the hundreds of
 * starts that follow need not compile it again.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
/** Longer than any start takes: without what is kept all goes on, only slower. */
const PATIENCE = 20_000;

export default async function warmStart() {
  if (!existsSync(join(root, "dist/main.js")) || existsSync(join(root, "dist/.cache"))) return;
  const home = mkdtempSync(join(tmpdir(), "warm-start-"));
  try {
    await startAndStop(home);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function startAndStop(home) {
  // One that stays root when root runs the tests: at its end it may write there.
  const user = `-DconfDEF_USER_ID=${process.getuid?.()}:${process.getgid?.()}`;
  const child = spawn(join(root, "bin/rulemail"), ["start", "-DSERVER_PORT=0", "-DSERVER_MSA_PORT=0", user], {
    env: { ...process.env, RULEMAIL_HOME: home, RULEMAIL_READY_FD: "3" },
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  const limit = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  await Promise.race([once(child.stdio[3], "data"), ended]);
  child.kill("SIGTERM");
  await ended;
  clearTimeout(limit);
}
