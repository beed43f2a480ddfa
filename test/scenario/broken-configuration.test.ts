/**
 * No server runs with a configuration that has errors: what the line should have forbidden would be allowed. End statuses are
 * those of sendmail 8.17.1. Commands say what is wrong and go on.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

const program = join(import.meta.dirname, "../../bin/sendmail");
let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "broken-configuration-"));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const GOOD = `V10
Djmx.broken.test
O QueueDirectory=HOME/queue
O PidFile=HOME/pid
O AliasFile=implicit:-o HOME/aliases
O MailboxDatabase=passwd:HOME/passwd
O DaemonPortOptions=Name=MTA, Port=0, Addr=127.0.0.1
Mlocal, P=[LOCAL], F=lsw, A=LOCAL maildir:HOME/mail/$u/
Mprog, P=/bin/sh, F=l, A=sh -c $u
S0
R$*\t$#local $: $1
`;

function run(text: string, ...words: readonly string[]) {
  writeFileSync(join(home, "sendmail.cf"), text.replaceAll("HOME", home));
  writeFileSync(join(home, "passwd"), `joe:x:${process.getuid?.()}:${process.getgid?.()}::${home}:/bin/sh\n`);
  const { status, stdout, stderr } = spawnSync(program, ["-C", join(home, "sendmail.cf"), ...words], {
    encoding: "latin1",
    timeout: 60_000,
    env: { PATH: process.env["PATH"], RULEMAIL_HOME: home },
  });
  return { status, stdout, stderr };
}

describe("a server does not start", () => {
  test.each([
    ["a rule without tab", "Scheck_rcpt\nR$* $#error $: 550 no\n", 70, "tab expected"],
    ["a right side with what the left side has not", "Scheck_rcpt\nR$*\t$#error $: $9\n", 70, "out of bounds"],
    ["an unknown option", "O FooBar=1\n", 70, "unknown option name FooBar"],
    ["an unknown timeout", "O Timeout.nosuch=5m\n", 70, "invalid timeout nosuch"],
    ["an unknown map class", "Kx nosuchclass /x\n", 70, "class nosuchclass not available"],
    ["a user that is not there", "O DefaultUser=no-such-user\n", 70, "unknown user no-such-user"],
    ["that after an option that does nothing", "O TrustedUser=nobody-here\nO FooBar=1\n", 70, "option name FooBar"],
    ["a mailer without arguments", "Mfoo, P=/x\n", 70, "A= argument required"],
    ["a line of no kind", "root:x:0:0\n", 70, "unknown configuration line"],
    ["a class file that is not there", "Fw/nonexistent/names\n", 71, "cannot open"],
  ])("with %s", (_what, lines, exit, reason) => {
    const { status, stderr } = run(GOOD + lines, "-bD");
    expect(stderr).toContain(reason);
    expect(stderr).toMatch(/^rulemail: cannot start: .*sendmail\.cf has errors: correct them first \(rulemail lint /m);
    expect(status).toBe(exit);
    expect(readFileSync(join(home, "log"), "latin1")).toContain("cannot start");
    // Who looks for the mistake needs the commands.
    const asked = run(GOOD + lines, "-bv", "joe");
    expect(asked.stderr).toContain(reason);
    expect(asked).toMatchObject({ status: 0, stdout: "joe... deliverable: mailer local, user joe\n" });
  });

  test("with a filter that no X line defines; what asks no filter goes on", () => {
    const lines = `${GOOD}O InputMailFilters=nobody\n`;
    const { status, stderr } = run(lines, "-bD");
    expect([status, stderr]).toEqual([78, expect.stringMatching(/^InputFilter nobody not defined: No such file/)]);
    expect(run(lines, "-bv", "joe")).toMatchObject({ status: 0, stderr: "" });
  });

  test("in the background either", () => {
    const { status, stderr } = run(`${GOOD}O FooBar=1\n`, "-bd");
    expect(stderr).toContain("rulemail: cannot start: ");
    expect(status).toBe(70);
  });

  test("without a queue, and nothing can be asked about one", () => {
    const text = GOOD.replace(/^O QueueDirectory.*\n/m, "");
    const { status, stderr } = run(text, "-bD");
    expect(stderr).toContain("rulemail: cannot start: QueueDirectory (Q) option must be set\n");
    expect(status).toBe(78);
    expect(run(text, "-bp")).toEqual({ status: 78, stdout: "", stderr: "QueueDirectory (Q) option must be set\n" });
  });
});

test("an unknown TrustedUser keeps no server from starting: what would be his is root's", () => {
  const { status, stderr } = run(`${GOOD}O TrustedUser=no-such-user\n`, "-bd");
  const [pid] = readFileSync(join(home, "pid"), "latin1").split("\n");
  process.kill(Number(pid));
  expect(stderr).toContain("option TrustedUser: unknown user no-such-user");
  expect(status).toBe(0);
});

test("an unknown RunAsUser does: the server would run as somebody else than was asked for", () => {
  const { status, stderr } = run(`${GOOD}O RunAsUser=no-such-user\n`, "-bd");
  expect(stderr).toContain("option RunAsUser: unknown user no-such-user");
  expect(status).toBe(70);
});
