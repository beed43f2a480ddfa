import { spawnSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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
  ["exit 75", "delayed 4.0.0 Deferred: prog mailer (/bin/sh) exited with EX_TEMPFAIL"],
  [
    "echo mailbox is locked; exit 75",
    "delayed 4.0.0 Deferred: prog mailer (/bin/sh) exited with EX_TEMPFAIL: mailbox is locked",
  ],
  ["exit 74", "delayed 4.0.0 Deferred: prog mailer (/bin/sh) exited with EX_IOERR"],
  ["exit 1", "failed 5.3.0 unknown mailer error 1"],
  ["kill -9 $$", "delayed 4.3.0 Deferred: prog mailer (/bin/sh) died with SIGKILL"],
])("%j is %j", async (command, expected) => expect(await outcome({ users: [command] })).toBe(expected));

/** As the log of sendmail 8.17 has them; every other code is "unknown mailer error". */
const EXITS: Readonly<Record<number, string>> = {
  0: "delivered 2.0.0 Sent",
  64: "failed 5.0.0 Command line usage error",
  65: "failed 5.6.0 Data format error",
  66: "failed 5.3.0 Cannot open input",
  67: "failed 5.1.1 User unknown",
  68: "failed 5.1.2 Host unknown",
  69: "failed 5.0.0 Service unavailable",
  70: "failed 5.3.0 Internal error",
  71: "delayed 4.0.0 Deferred: prog mailer (/bin/sh) exited with EX_OSERR: said",
  72: "failed 5.3.5 System file missing",
  73: "failed 5.0.0 Can't create output",
  74: "delayed 4.0.0 Deferred: prog mailer (/bin/sh) exited with EX_IOERR: said",
  75: "delayed 4.0.0 Deferred: prog mailer (/bin/sh) exited with EX_TEMPFAIL: said",
  76: "failed 5.5.0 Remote protocol error",
  77: "failed 5.0.0 Insufficient permission",
  78: "failed 5.3.5 Local configuration error",
};

test("only exit code 0 is a delivery, whatever the program did before", async () => {
  const MB10 = "head -c 10000000 /dev/zero | tr '\\0' x";
  const befores = {
    "reads all": "cat >/dev/null",
    "reads nothing": ":",
    "closes its input": "exec <&-",
    "reads a line": "read line",
    "prints a lot": `echo said; ${MB10}`,
    "prints a lot of errors": `echo said; ${MB10} >&2`,
  };
  const codes = [...Array.from({ length: 17 }, (_, index) => 63 + index), 0, 1, 2, 126, 127, 128, 137, 255];
  const cases = Object.entries(befores).flatMap(([name, before], number) =>
    // Every code after one that reads, and for the others one of each kind.
    (number === 0 ? codes : [0, 67, 75]).map((code) => ({ name, before, code })),
  );
  const rest = cases.values();
  const wrong: string[] = [];
  const worker = async () => {
    for (const { name, before, code } of rest) {
      const found = await outcome({ users: [`echo said; ${before}; exit ${code}`], body: "x\r\n".repeat(50_000) });
      const wanted = EXITS[code] ?? `failed 5.3.0 unknown mailer error ${code}`;
      if (found !== wanted) wrong.push(`${name}, exit ${code}: ${found}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  expect(wrong).toEqual([]);
});

test("a program that a signal ends has not delivered", async () => {
  const signals = [
    "HUP",
    "INT",
    "QUIT",
    "ILL",
    "TRAP",
    "ABRT",
    "BUS",
    "FPE",
    "KILL",
    "USR1",
    "SEGV",
    "USR2",
    "PIPE",
    "ALRM",
    "TERM",
    "XCPU",
    "XFSZ",
    "VTALRM",
    "PROF",
    "SYS",
  ];
  const found = await Promise.all(
    signals.map((name) => outcome({ users: [`ulimit -c 0; cat >/dev/null; kill -${name} $$; exit 0`] })),
  );
  expect(found).toEqual(signals.map((name) => `delayed 4.3.0 Deferred: prog mailer (/bin/sh) died with SIG${name}`));
});

test("what a program leaves running with its output is not waited for", async () => {
  const pids = [join(folder, "first"), join(folder, "second")];
  try {
    const found = await Promise.all(
      pids.map((pid, index) => outcome({ users: [`sleep 600 & echo $! > ${pid}; exit ${index * 67}`] })),
    );
    expect(found).toEqual(["delivered 2.0.0 Sent", "failed 5.1.1 User unknown"]);
  } finally {
    for (const pid of pids) process.kill(Number(await readFile(pid, "latin1")));
  }
});

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
    "delayed 4.3.0 Deferred: prog mailer (/bin/sh) took too long",
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
  expect(await outcome({ mailer, users: ["x"] })).toMatch(/^delayed 4\.2\.0 .*cannot be run: No such file/);
});

test("a mailer with F=w knows its users", async () => {
  const mailer = { ...shell, flags: new Set("w") };
  expect(await outcome({ mailer, users: ["nobody-here"] })).toBe("failed 5.1.1 User unknown");
});

test("N= of the mailer is what the program is nicer by", async () => {
  await outcome({ users: [`nice > ${folder}/usual`] });
  await outcome({ mailer: { ...shell, nice: 3 }, users: [`nice > ${folder}/nicer`] });
  const [usual, nicer] = await Promise.all(
    ["usual", "nicer"].map(async (file) => Number(await readFile(join(folder, file), "latin1"))),
  );
  expect(nicer - usual).toBe(3);
});

/** A folder with a shell and the libraries that it names. */
async function copyShell(into: string): Promise<void> {
  const { stdout } = spawnSync("ldd", ["/bin/sh"], { encoding: "utf8" });
  const libraries = [...stdout.matchAll(/(?:=> |^\s*)(\/\S+)/gm)].map(([, path]) => path);
  for (const path of ["/bin/sh", ...libraries]) {
    await mkdir(join(into, dirname(path)), { recursive: true });
    await copyFile(await realpath(path), join(into, path));
  }
}

// Only root may change the root folder of a program.
(process.getuid?.() === 0 ? test : test.skip)("/= of the mailer is all that the program sees", async () => {
  await copyShell(folder);
  expect(await outcome({ mailer: { ...shell, root: folder }, users: ["cd / && echo * && exit 75"] })).toBe(
    `delayed 4.0.0 Deferred: prog mailer (/bin/sh) exited with EX_TEMPFAIL: ${(await readdir(folder)).toSorted().join(" ")}`,
  );
});
