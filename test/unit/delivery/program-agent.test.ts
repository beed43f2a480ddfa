import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Report } from "../../../src/delivery/agent.ts";
import { createAgents } from "../../../src/delivery/agents.ts";
import { type JobValues, testEnvironment, testJob, testMailer, testUsers } from "../../support/delivery-job.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "program-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const shell = testMailer({
  name: "prog",
  path: "/bin/sh",
  argv: ["sh", "-c", "$u"],
  flags: "lsDFMoqeu9n",
  eol: "\n",
  lineLimit: 0,
});

async function deliver(values: JobValues): Promise<Report> {
  const agents = createAgents(testEnvironment({ users: testUsers([{ name: "ann", home: folder }]) }));
  const job = testJob({ mailer: shell, host: "", ...values });
  return agents.agentFor(job.mailer).deliver(job);
}

async function outcome(values: JobValues): Promise<string> {
  const { action, status, text } = (await deliver(values)).statuses.get(0) ?? {};
  return `${action} ${status} ${text}`;
}

test("the message goes to the program's standard input", async () => {
  expect(await outcome({ users: [`cat > ${folder}/out`] })).toBe("delivered 2.0.0 Sent");
  expect(await readFile(join(folder, "out"), "latin1")).toBe("From: joe@a.test\nSubject: test\n\nHello\n");
});

test.each([
  ["exit 67", "failed 5.1.1 User unknown"],
  ["exit 69", "failed 5.0.0 Service unavailable"],
  ["exit 75", "delayed 4.0.0 Deferred"],
  ["exit 74", "delayed 4.0.0 Deferred: I/O error"],
  ["exit 1", "failed 5.3.0 unknown mailer error 1"],
  ["kill -9 $$", "delayed 4.3.0 Deferred: /bin/sh died with SIGKILL"],
])("%j is %j", async (command, expected) => expect(await outcome({ users: [command] })).toBe(expected));

test("what the program printed is in the report, up to a limit", async () => {
  const report = await deliver({ users: ["cat >/dev/null; echo no such mailbox >&2; exit 67"] });
  expect(report.statuses.get(0)).toMatchObject({
    exit: 67,
    diagnostic: { type: "x-unix", text: "no such mailbox" },
  });
  const long = await deliver({ users: ["head -c 100000 /dev/zero | tr '\\0' x; exit 67"] });
  expect(long.statuses.get(0)?.diagnostic?.text.length).toBe(4096);
});

test("a program that does not read its input may still succeed", async () => {
  expect(await outcome({ users: ["exec <&-; exit 0"], body: "x\r\n".repeat(500_000) })).toBe("delivered 2.0.0 Sent");
});

test("arguments are passed one by one, no shell between", async () => {
  const mailer = { ...shell, path: "/usr/bin/printf", argv: ["printf", "%s,", "-f $g", "$u"], flags: new Set("m") };
  const report = await deliver({ mailer, users: ["a;b $(id)", "`c`"] });
  expect([...report.statuses.values()].map(({ text }) => text)).toEqual(["Sent", "Sent"]);
  const failing = { ...mailer, path: "/bin/sh", argv: ["sh", "-c", 'printf "%s," "$$@"; exit 70', "x", "$u"] };
  const { statuses } = await deliver({ mailer: failing, users: ["a;b $(id)", "`c`"] });
  expect(statuses.get(1)?.diagnostic?.text).toBe("a;b $(id),`c`,");
});

test("F=f passes the sender", async () => {
  const argv = ["sh", "-c", 'echo "$$0 $$1 $$2"; exit 70', "$u"];
  // -f comes right behind the program's name, where a shell would take it for its own option.
  const mailer = { ...shell, path: "/bin/echo", argv: ["echo", ...argv.slice(1)], flags: new Set("f") };
  const report = await deliver({ mailer, users: ["x"] });
  expect(report.statuses.get(0)?.action).toBe("delivered");
});

test("the environment is clean, the folder is the mailer's", async () => {
  process.env.RULEMAIL_TEST_SECRET = "1";
  const mailer = { ...shell, directory: `/nonexistent:${folder}` };
  const rights = { user: "ann", uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  await deliver({ mailer, users: [`(env; pwd) > ${folder}/out`], recipients: [{ rights }] });
  delete process.env.RULEMAIL_TEST_SECRET;
  const lines = (await readFile(join(folder, "out"), "latin1")).split("\n");
  expect(lines).toEqual(expect.arrayContaining(["AGENT=sendmail", "USER=ann", `HOME=${folder}`, folder]));
  expect(lines.join("\n")).not.toContain("RULEMAIL_TEST_SECRET");
});

test("W= ends a program that takes too long, with all it has started", async () => {
  const mailer = { ...shell, wait: 100 };
  expect(await outcome({ mailer, users: ["sleep 100 | sleep 100"] })).toBe(
    "delayed 4.3.0 Deferred: /bin/sh: timed out",
  );
});

test("an aborted delivery ends the program", async () => {
  const abort = new AbortController();
  const running = outcome({ users: ["sleep 100"], signal: abort.signal });
  setImmediate(() => abort.abort());
  expect(await running).toMatch(/^delayed 4\.3\.2 /);
});

test("a program that is not there is a reason to wait", async () => {
  const mailer = { ...shell, path: join(folder, "missing") };
  expect(await outcome({ mailer, users: ["x"] })).toMatch(/^delayed 4\.2\.0 .*cannot run .*No such file/);
});

test("a mailer with F=w knows its users", async () => {
  const mailer = { ...shell, flags: new Set("w") };
  expect(await outcome({ mailer, users: ["nobody-here"] })).toBe("failed 5.1.1 User unknown");
});
