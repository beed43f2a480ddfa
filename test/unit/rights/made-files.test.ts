import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { madeFiles, parseMadeFiles, removeMade } from "../../../src/rights/made-files.ts";

test("only what is still the file that was made is taken away", () => {
  const folder = mkdtempSync(join(tmpdir(), "made-"));
  const path = (name: string): string => join(folder, name);
  const names = ["same", "another", "linked", "gone", "folder"];
  for (const name of [...names, "victim"]) if (name !== "folder") writeFileSync(path(name), name);
  mkdirSync(path("folder"));
  const made = parseMadeFiles(JSON.parse(JSON.stringify(madeFiles([...names, "never"].map(path)))));
  expect(made.map((each) => each.path)).toEqual(names.map(path));
  writeFileSync(path("new"), "of the next server");
  renameSync(path("new"), path("another"));
  // Not removed: its number could be that of the link, then.
  renameSync(path("linked"), path("moved"));
  symlinkSync("victim", path("linked"));
  rmSync(path("gone"));
  removeMade(made);
  expect([...names, "victim"].filter((name) => existsSync(path(name)))).toEqual([
    "another",
    "linked",
    "folder",
    "victim",
  ]);
  expect(parseMadeFiles([{ path: 1 }, "x", null])).toEqual([]);
  rmSync(folder, { recursive: true });
});
