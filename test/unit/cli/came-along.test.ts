/** `rulemail files`, `rulemail licences`, here of a checkout; of the one executable file: test/peers/one-file.test.ts. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const root = join(import.meta.dirname, "../../..");

function rulemail(...words: readonly string[]) {
  return spawnSync(process.execPath, ["--no-warnings", join(root, "src/main.ts"), "rulemail", ...words], {
    encoding: "latin1",
  });
}

test("files are listed, and printed as they are", () => {
  const names = rulemail("files").stdout.split("\n");
  expect(names).toEqual(expect.arrayContaining(["cf/smarthost.mc", "macros/m4/cf.m4", "macros/feature/access_db.m4"]));
  expect(rulemail("files", "cf/smarthost.mc").stdout).toBe(readFileSync(join(root, "cf/smarthost.mc"), "latin1"));
});

test("what did not come along is not read", () => {
  const { status, stderr, stdout } = rulemail("files", "cf/../package.json");
  expect({ status, stdout }).toEqual({ status: 66, stdout: "" });
  expect(stderr).toContain("nothing named cf/../package.json came with");
});

test("a checkout has its own licence, and says where the others are", () => {
  const { stdout } = rulemail("licences");
  expect(stdout).toContain("MIT");
  expect(stdout).toContain("node_modules/PACKAGE/");
});
