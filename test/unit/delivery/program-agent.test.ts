import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Mailer } from "../../../src/config/mailer.ts";
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

test("how the program ended and the first line it printed are in the report, printable and up to a limit", async () => {
  const report = await deliver({ users: ["cat >/dev/null; echo no such mailbox >&2; exit 67"] });
  expect(report.statuses.get(0)).toMatchObject({
    exit: 67,
    diagnostic: { type: "x-unix", text: "67 no such mailbox" },
  });
  const long = await deliver({ users: ["head -c 100000 /dev/zero | tr '\\0' x; exit 67"] });
  expect(long.statuses.get(0)?.diagnostic?.text).toBe(`67 ${"x".repeat(200)}`);
  const echo = await deliver({ users: ["printf '\\n\\a\\351t\\351\\r\\nmore\\n'; cat; exit 67"] });
  expect(echo.statuses.get(0)?.diagnostic?.text).toBe("67 t");
});

test("a program that does not read its input may still succeed", async () => {
  expect(await outcome({ users: ["exec <&-; exit 0"], body: "x\r\n".repeat(500_000) })).toBe("delivered 2.0.0 Sent");
});

/** A mailer whose program prints its arguments and fails, so that they can be read in the report. */
async function printer(argv: readonly string[], flags: string): Promise<Mailer> {
  const path = join(folder, "print");
  await writeFile(path, "#!/bin/sh\nprintf '%s,' \"$@\"\nexit 70\n", { mode: 0o755 });
  return testMailer({ name: "print", path, argv, flags });
}

test("arguments are passed one by one, no shell between", async () => {
  const mailer = await printer(["print", "-d $g", "$u", "-q"], "m");
  const { statuses } = await deliver({ mailer, users: ["a;b $(id)", "`c`"] });
  expect([...statuses.values()].map(({ diagnostic }) => diagnostic?.text)).toEqual([
    "70 -d joe@a.test,a;b $(id),`c`,-q,",
    "70 -d joe@a.test,a;b $(id),`c`,-q,",
  ]);
});

test("F=f and F=r pass the sender", async () => {
  for (const flag of ["f", "r"]) {
    const mailer = await printer(["print", "-q", "$u"], flag);
    const { statuses } = await deliver({ mailer, users: ["x"] });
    expect(statuses.get(0)?.diagnostic?.text).toBe(`70 -${flag},joe@a.test,-q,x,`);
  }
});

test("the environment is clean, the folder is the mailer's", async () => {
  process.env.RULEMAIL_TEST_SECRET = "1";
  const mailer = { ...shell, directory: `/nonexistent:${folder}` };
  const rights = { user: "ann", uid: 1001, gid: 100 };
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
