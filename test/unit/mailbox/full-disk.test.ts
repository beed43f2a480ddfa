/** A disk that fills up in the middle of a delivery: the mail waits, and the mailbox is what it was. Needs root, for a mount. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";

const script = join(import.meta.dirname, "../../support/full-disk.ts");
const MOUNT = 'mount -t tmpfs -o size=512k none "$1" && exec "$2" --no-warnings "$3" "$1" "$4"';
const unshare = ["--mount", "--propagation", "private", "/bin/sh", "-c"];
const canMount = spawnSync("unshare", [...unshare, "mount -t tmpfs none /mnt"]).status === 0;

(canMount ? describe : describe.skip)("a full disk (skipped: needs a mount of its own)", () => {
  test.each(["mbox", "maildir", "mh", "mmdf", "file"])("%s", (kind) => {
    const folder = mkdtempSync(join(tmpdir(), "full-"));
    try {
      const words = [...unshare, MOUNT, "sh", folder, process.execPath, script, kind];
      const { stdout, stderr } = spawnSync("unshare", words, { encoding: "latin1" });
      expect(stderr).toBe("");
      expect(JSON.parse(stdout)).toEqual({
        // What is there stays, and what fits goes in again.
        told: ["done 2.0.0", "later 4.3.1", "done 2.0.0"],
        isAsBefore: true,
        text: expect.stringContaining("No space left on device"),
        count: 2,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
