/** hoststat (-bh) and purgestat (-bH): lines as sendmail 8.17 prints them for the same files. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { readArguments } from "../../../src/cli/arguments.ts";
import { purge, showHosts } from "../../../src/cli/hoststat.ts";
import { runCommand } from "../../support/command.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hoststat-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const COMMANDS = { hoststat: showHosts, purgestat: purge } as const;

/** @param configuration lines of the cf file; `#` in it is the folder */
function run(name: keyof typeof COMMANDS, words: readonly string[] = [], configuration?: string) {
  const cf = join(folder, "s.cf");
  const options = configuration ?? "O HostStatusDirectory=#/hosts\nO Timeout.hoststatus=30m";
  const mailers = "Mlocal, P=/bin/true, A=true $u\nMprog, P=/bin/sh, A=sh -c $u";
  writeFileSync(cf, `V10\nO QueueDirectory=#/queue\n${options}\n${mailers}\n`.replaceAll("#", folder), { mode: 0o600 });
  const args = readArguments(name, ["-C", cf, ...words]);
  return runCommand((_, streams) => COMMANDS[name](args, streams), []);
}

/** @param path below the folder of host status; @param age seconds */
function record(path: string, age: number, lines: readonly string[]): void {
  const file = join(folder, "hosts", path);
  mkdirSync(dirname(file), { recursive: true });
  const at = Math.floor(Date.now() / 1000) - age;
  writeFileSync(file, ["V0", ...lines, `U${at}`, ".", ""].join("\n"), { mode: 0o600 });
}

/** Lines of hoststat, seconds left out. */
async function shown(...words: string[]): Promise<string[]> {
  const { status, output, errors } = await run("hoststat", words);
  expect([status, errors]).toEqual([0, ""]);
  return output.split("\n").map((line) => line.replace(/:\d\d (?=[D5])/, ":SS "));
}

const REFUSED = ["E111", "H0", "S75", "D4.4.1"];
const HEAD = " -------------- Hostname --------------- How long ago ---------Results---------";

test("hosts are listed with the age and the beginning of what is known, all of it with -v", async () => {
  record("9./0./0./127", 3_725, REFUSED);
  record("test./down./mx", 2 * 86_400 + 5, ["E0", "H0", "S69", "D5.5.0", "R554 5.3.2 go away, and far away"]);
  expect(await shown()).toEqual([
    HEAD,
    " 127.0.0.9                                   01:02:SS Deferred: Connection refu",
    " mx.down.test                              2+00:00:SS 554 5.3.2 go away, and fa",
    "",
  ]);
  expect(await shown("-v")).toEqual([
    HEAD,
    " 127.0.0.9                                   01:02:SS Deferred: Connection refused",
    " mx.down.test                              2+00:00:SS 554 5.3.2 go away, and far away",
    "",
  ]);
});

test("what is damaged is named, and the others are listed", async () => {
  record("test./host", 1, ["E0", "H0", "S0"]);
  writeFileSync(join(folder, "hosts", "test.", "bad"), "garbage\n");
  const { status, output, errors } = await run("hoststat");
  expect([status, errors]).toEqual([0, `${join(folder, "hosts/test./bad")}: could not read status file\n`]);
  expect(output.split("\n")[1]).toMatch(/^ host\.test {31} {4,}00:00:0\d OK$/);
});

test("purgestat removes what counts no more, and says nothing", async () => {
  record("test./old", 1_900, REFUSED);
  record("test./fresh", 1_000, REFUSED);
  expect(await run("purgestat")).toEqual({ status: 0, output: "", errors: "" });
  expect(readdirSync(join(folder, "hosts/test."))).toEqual(["fresh"]);
});

test("without files, without a folder, and without the option there is nothing to tell", async () => {
  for (const name of ["hoststat", "purgestat"] as const) {
    expect(await run(name)).toEqual({ status: 0, output: "", errors: "" });
    expect(await run(name, [], "O LogLevel=9")).toEqual({ status: 0, output: "", errors: "" });
    mkdirSync(join(folder, "hosts"), { recursive: true });
    expect(await run(name)).toEqual({ status: 0, output: "", errors: "" });
  }
});

test("a relative folder lies in that of the queue", async () => {
  record("../queue/.hosts/test./host", 1, ["E0", "H0", "S0"]);
  const { output } = await run("hoststat", [], "O HostStatusDirectory=.hosts");
  expect(output).toMatch(/^ host\.test /m);
});
