import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { runEditmap } from "../../../src/cli/editmap.ts";
import { runMakemap } from "../../../src/cli/makemap.ts";
import { runCommand } from "../../support/command.ts";

let folder: string;
let map: string;
beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "editmap-")));
  map = join(folder, "h");
  await runCommand(runMakemap, ["hash", map], "a 1\nb 2\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

const editmap = (...words: string[]) => runCommand(runEditmap, words);
const list = async () => (await runCommand(runMakemap, ["-u", "hash", map])).output;

test("-q gives a value, or says that there is none", async () => {
  expect(await editmap("-q", "hash", map, "A")).toEqual({ status: 0, output: "1\n", errors: "" });
  expect(await editmap("-q", "hash", map, "zz")).toEqual({
    status: 69,
    output: "",
    errors: `editmap: couldn't find key zz in map ${map}\n`,
  });
});

test("-u changes and adds, -x removes", async () => {
  expect((await editmap("-u", "hash", map, "B", "two words")).status).toBe(0);
  expect((await editmap("-u", "hash", map, "c", "3")).status).toBe(0);
  expect((await editmap("-x", "hash", map, "a")).status).toBe(0);
  expect(await list()).toBe("b\ttwo words\nc\t3\n");
  expect(await editmap("-x", "hash", map, "a")).toEqual({
    status: 0,
    output: "",
    errors: `editmap: key a doesn't exist in map ${map}\n`,
  });
});

test("-f keeps the letter case, -N adds a NUL", async () => {
  await editmap("-f", "-u", "hash", map, "Up", "v");
  await editmap("-N", "-u", "hash", map, "n", "v");
  expect((await editmap("-f", "-q", "hash", map, "Up")).output).toBe("v\n");
  expect((await editmap("-q", "hash", map, "Up")).status).toBe(69);
  expect((await editmap("-N", "-q", "hash", map, "n")).output).toBe("v\n");
  expect((await editmap("-q", "hash", map, "n")).status).toBe(69);
});

test("changes made at the same time are all there", async () => {
  const keys = Array.from({ length: 8 }, (_, i) => `k${i}`);
  await Promise.all(keys.map(async (key) => editmap("-u", "hash", map, key, "v")));
  for (const key of keys) expect((await editmap("-q", "hash", map, key)).output).toBe("v\n");
});

test("says what is wrong with the command line", async () => {
  const usage = 'Usage: editmap [-C cffile] [-N] [-f] [-q|-u|-x] maptype mapname key [ "value ..." ]\n';
  for (const words of [
    ["hash", map, "a"],
    ["-q", "-u", "hash", map, "a"],
    ["-u", "hash", map, "a"],
  ]) {
    expect(await editmap(...words)).toEqual({ status: 64, output: "", errors: usage });
  }
  expect(await editmap("-q", "hash", join(folder, "none"), "a")).toMatchObject({
    status: 73,
    errors: `editmap: error opening type hash map ${folder}/none: No such file or directory\n`,
  });
  expect((await editmap("-q", "text", map, "a")).errors).toMatch(/Unknown database type\n$/);
});
