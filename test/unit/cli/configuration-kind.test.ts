/** A macro file is not a configuration, whatever its name says: who takes one for the other is told so. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { kindOfConfiguration } from "../../../src/cli/configuration-kind.ts";

const root = join(import.meta.dirname, "../../..");
const folder = mkdtempSync(join(tmpdir(), "rulemail-kind-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, ...words: readonly string[]) {
  const environment = { ...process.env, RULEMAIL_HOME: join(folder, "home") };
  return spawnSync(join(root, "bin", program), words, {
    encoding: "latin1",
    timeout: 60_000,
    cwd: folder,
    input: "",
    env: environment,
  });
}

test("shipped files are what they are called", () => {
  for (const name of readdirSync(join(root, "cf"))) {
    expect([name, kindOfConfiguration(readFileSync(join(root, "cf", name), "latin1"))]).toEqual([
      name,
      name.split(".")[1],
    ]);
  }
});

test.each([
  ["V10/Berkeley\nO LogLevel=9\n", "cf"],
  ["Mlocal, P=/bin/mail, A=mail\n", "cf"],
  ["OSTYPE(`linux')\nLOCAL_CONFIG\nO LogLevel=9\n", "mc"],
  ["dnl a comment\n", "mc"],
  ["# only a comment\n", "neither"],
  ["", "neither"],
])("%j is %s", (text, kind) => {
  expect(kindOfConfiguration(text)).toBe(kind);
});

test("start and mc refuse a configuration, under any name", () => {
  const wrong = join(folder, "wrong.mc");
  copyFileSync(join(root, "cf/standalone.cf"), wrong);
  for (const words of [
    ["start", wrong],
    ["start", "wrong.mc"],
    ["mc", wrong],
  ]) {
    const { status, stdout, stderr } = run("rulemail", ...words);
    expect({ status, stdout }).toEqual({ status: 65, stdout: "" });
    expect(stderr).toContain(`wrong.mc is a configuration (.cf), not a macro file (.mc)`);
  }
  expect(existsSync(join(folder, "home"))).toBe(false);
});

test("sendmail and explain refuse a macro file", () => {
  const wrong = join(folder, "wrong.cf");
  copyFileSync(join(root, "cf/standalone.mc"), wrong);
  for (const words of [["-bt"], ["-bD"], ["-bd"], ["-bv", "joe"], ["-bC"]]) {
    const { status, stderr } = run("sendmail", "-C", wrong, ...words);
    expect([words, status]).toEqual([words, 78]);
    expect(stderr).toContain(`${wrong} is a macro file (.mc), not a configuration: compile it first: rulemail mc`);
  }
  expect(run("rulemail", "explain", "-C", wrong, "joe").status).toBe(78);
});

test("lint looks at what is in the file", () => {
  const { stdout, status } = run("rulemail", "lint", "--json", join(folder, "wrong.mc"));
  expect({ stdout: stdout.trim(), status }).toEqual({ stdout: "[]", status: 0 });
});

test("a file that is not there is named, with status 66", () => {
  const { status, stderr } = run("rulemail", "start", "none.mc");
  expect([status, stderr]).toEqual([
    66,
    `rulemail start: cannot read ${join(folder, "none.mc")}: there is no such file\n`,
  ]);
});
