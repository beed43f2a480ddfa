/** What the server tells whoever supervises it, by way of systemd-notify(1), at a socket that listens as systemd's does. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const root = join(import.meta.dirname, "../..");
const isThere = (name: string): boolean => spawnSync(name, ["--version"]).error === undefined;
const missing = ["systemd-notify", "python3"].filter((name) => !isThere(name));
const why = missing.length === 0 ? "" : ` (skipped: no ${missing.join(", no ")})`;

(why === "" ? test : test.skip)(
  `a server says that it is ready, reads its configuration again, is alive, and ends${why}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), "supervised-"));
    try {
      chmodSync(folder, 0o755);
      const home = join(folder, "home");
      const words = [join(import.meta.dirname, "service-manager/listen.py"), folder];
      const { stdout, stderr } = spawnSync(
        "python3",
        [...words, join(root, "bin/rulemail"), "start", "-p", "0", "-r", "9"],
        { encoding: "utf8", timeout: 60_000, env: { ...process.env, RULEMAIL_HOME: home } },
      );
      expect([stdout, stderr]).toEqual([
        "READY=1 STATUS\nRELOADING=1 MONOTONIC_USEC\nREADY=1 STATUS\nalive\nSTOPPING=1 STATUS\nstatus 0\n",
        expect.not.stringContaining("Traceback"),
      ]);
      expect(readFileSync(join(home, "log"), "latin1")).not.toContain("NOTIFY_SOCKET");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
