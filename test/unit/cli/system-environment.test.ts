/** What test mode and `sendmail -bC` ask the machine is what the server asks it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

const SOURCE = join(import.meta.dirname, "../../../src/cli/system-environment.ts");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rulemail-environment-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a group that only the directory knows has its number", () => {
  const directory = '#!/bin/sh\n[ "$1 $2" != "group far-away" ] || echo far-away:x:4711:\n';
  writeFileSync(join(folder, "getent"), directory, { mode: 0o755 });
  const program = `
    const { systemEnvironment } = await import(${JSON.stringify(SOURCE)});
    const { group } = systemEnvironment();
    for (const name of ["far-away", "root", "nobody-has-this-group"]) console.log(name, await group(name));`;
  // A process of its own: whoever starts programs looks at the real PATH, not at the one of the test.
  const { stdout, stderr } = spawnSync(process.execPath, ["--no-warnings", "--input-type=module", "-e", program], {
    encoding: "utf8",
    env: { ...process.env, PATH: `${folder}:${process.env["PATH"]}` },
  });
  expect(stderr).toBe("");
  expect(stdout.trim().split("\n")).toEqual(["far-away 4711", "root 0", "nobody-has-this-group undefined"]);
});
