import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, jest, test } from "@jest/globals";
import { run } from "../../../src/cli/personality.ts";

const root = join(import.meta.dirname, "../../..");

interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

function rulemail(...words: readonly string[]): Said {
  return called("rulemail", ...words);
}

function called(name: string, ...words: readonly string[]): Said {
  return spawnSync(join(root, "bin", name), words, { encoding: "latin1", timeout: 60_000 });
}

test("--version and version name the program, the language and Node", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const { stdout, status } = rulemail("--version");
  expect(status).toBe(0);
  expect(stdout).toMatch(new RegExp(`^rulemail ${version}\nlanguage: sendmail 8.*level 10\nnode: v`));
  expect(rulemail("version").stdout).toBe(stdout);
});

test("an unknown command is an error in usage, with the commands that there are", () => {
  const { stdout, stderr, status } = rulemail("complie");
  expect({ stdout, status }).toEqual({ stdout: "", status: 64 });
  expect(stderr).toMatch(/^rulemail: no command named "complie"\nusage: /);
  for (const name of ["mc", "lint", "explain", "makemap", "mailq"]) expect(stderr).toContain(`\n  ${name.padEnd(11)} `);
  expect(stderr).not.toContain("--worker");
});

test("-bv without an address is an error in usage, as in sendmail", () => {
  const { stderr, status } = called("sendmail", "-C", "cf/standalone.cf", "-bv");
  expect({ stderr, status }).toEqual({ stderr: "Recipient names must be specified\n", status: 64 });
});

// The machine of the tests may have a submit.cf: then a server would start.
(existsSync("/etc/mail/submit.cf") ? test.skip : test)(
  "where no configuration is, a server in the background says so once",
  () => {
    const home = mkdtempSync(join(tmpdir(), "no-configuration-"));
    const { stderr, status } = spawnSync(join(root, "bin/sendmail"), ["-bd", "-Ac"], {
      encoding: "latin1",
      env: { PATH: process.env["PATH"], RULEMAIL_HOME: home },
    });
    rmSync(home, { recursive: true });
    expect(stderr.match(/there is no submit\.cf/g)).toHaveLength(1);
    expect(status).toBe(72);
  },
);

test("m4 --help tells its options", () => {
  const { stdout, stderr, status } = rulemail("m4", "--help");
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  expect(stdout).toMatch(/^usage: rulemail m4 .*-D NAME/);
});

test("help goes to standard output", () => {
  const { stdout, stderr, status } = rulemail("--help");
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  expect(stdout).toMatch(/^usage: rulemail COMMAND/);
});

const NAMES =
  "sendmail smtpd mailq newaliases hoststat purgestat makemap editmap praliases mailstats vacation rmail smrsh mail.local";

/** The same in this process: what it says is asked of many names. */
async function inside(name: string, ...words: readonly string[]): Promise<Said> {
  const said = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((stream) =>
    jest.spyOn(process[stream], "write").mockImplementation((text) => {
      said[stream] += String(text);
      return true;
    }),
  );
  try {
    return { status: await run(name, words), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

test.each([...NAMES.split(" "), "rulemail"])("%s --help and --version only tell, and do nothing", async (name) => {
  const help = await inside(name, "--help");
  expect([help.status, help.stderr]).toEqual([0, ""]);
  expect(help.stdout).toMatch(new RegExp(`^usage: ${name} `));
  const version = await inside(name, "--version");
  expect([version.status, version.stderr]).toEqual([0, ""]);
  expect(version.stdout).toMatch(/^rulemail [0-9.]+\nlanguage: sendmail 8/);
});

test.each(["start", "m4", "mailq", "newaliases", "makemap"])("rulemail %s --help", async (name) => {
  const { status, stderr, stdout } = await inside("rulemail", name, "--help");
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toContain(name);
});

// These print by way of the console.
test.each(["mc", "lint", "explain"])("rulemail %s --help, on its own", (name) => {
  const { status, stderr, stdout } = rulemail(name, "--help");
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toContain(name);
});

test("a link's name reaches the program", () => {
  expect(called("mail.local", "--help").stdout).toMatch(/^usage: mail\.local /);
  expect(called("smrsh", "--version").stdout).toMatch(/^rulemail /);
});
