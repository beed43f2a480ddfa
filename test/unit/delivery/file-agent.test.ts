import { chmod, link, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { createAgents } from "../../../src/delivery/agents.ts";
import { testConfig, testEnvironment, testJob, testMailer, testOptions } from "../../support/delivery-job.ts";

/** A user without rights. */
const NOBODY = 65534;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "file-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const mailer = testMailer({
  name: "*file*",
  path: "[FILE]",
  argv: ["FILE", "$u"],
  flags: "lsDFMPEouq9",
  eol: "\n",
  lineLimit: 0,
});

async function deliver(path: string, options: Record<string, string | number> = {}): Promise<string> {
  const agents = createAgents(testEnvironment({ config: testConfig(testOptions(options)) }));
  const { statuses } = await agents.agentFor(mailer).deliver(testJob({ mailer, host: "", users: [path] }));
  const { action, text } = statuses.get(0) ?? {};
  return `${action} ${text}`;
}

const STORED =
  "From joe@a.test  Fri Nov 20 19:00:00 2026\nReturn-Path: <joe@a.test>\nFrom: joe@a.test\nSubject: test\n\nHello\n\n";

test("messages are appended", async () => {
  const path = join(folder, "box");
  expect(await deliver(path)).toBe("delivered Sent");
  await deliver(path);
  expect(await readFile(path, "latin1")).toBe(STORED + STORED);
});

// As with a genuine sendmail, whatever the umask is; nobody may run them, though, and we may always read them.
test.each([
  [0o600, 0o600],
  [0o640, 0o640],
  [0o666, 0o666],
  [0o777, 0o666],
  [0, 0o600],
])("TempFileMode (%d) is that of a new file; one that is there keeps its own", async (TempFileMode, mode) => {
  const options = { TempFileMode };
  const [path, there] = [join(folder, "new"), join(folder, "there")];
  await writeFile(there, "", { mode: 0o604 });
  for (const each of [path, there]) expect(await deliver(each, options)).toBe("delivered Sent");
  expect(((await stat(path)).mode & 0o7777).toString(8)).toBe(mode.toString(8));
  expect(((await stat(there)).mode & 0o7777).toString(8)).toBe("604");
});

test("/dev/null takes everything", async () => {
  expect(await deliver("/dev/null")).toBe("delivered Sent");
});

test("links are refused unless DontBlameSendmail allows them", async () => {
  const target = join(folder, "target");
  await writeFile(target, "");
  await symlink(target, join(folder, "soft"));
  await link(target, join(folder, "hard"));
  expect(await deliver(join(folder, "soft"))).toMatch(/^failed Can't create output .*not a regular file/);
  expect(await deliver(join(folder, "hard"))).toMatch(/^failed Can't create output .*more than one link/);
  const DontBlameSendmail = "FileDeliveryToSymLink, FileDeliveryToHardLink";
  expect(await deliver(join(folder, "soft"), { DontBlameSendmail })).toBe("delivered Sent");
  expect(await readFile(target, "latin1")).toBe(STORED);
});

test("programs, folders and devices are refused", async () => {
  await writeFile(join(folder, "program"), "#!/bin/sh\n", { mode: 0o755 });
  expect(await deliver(join(folder, "program"))).toMatch(/^failed .*is executable/);
  expect(await deliver(folder)).toMatch(/^failed .*not a regular file/);
  expect(await deliver("/dev/zero")).toMatch(/^failed .*not a regular file/);
  expect(await deliver("relative")).toMatch(/^failed /);
});

test("SafeFileEnvironment keeps files inside a folder", async () => {
  await mkdir(join(folder, "safe"));
  const SafeFileEnvironment = join(folder, "safe");
  await deliver(join(folder, "safe/in"), { SafeFileEnvironment });
  await deliver("/out/../up", { SafeFileEnvironment });
  expect(await readFile(join(folder, "safe/in"), "latin1")).toBe(STORED);
  expect(await readFile(join(folder, "safe/up"), "latin1")).toBe(STORED);
});

test("a missing folder is told to the sender at once", async () => {
  expect(await deliver(join(folder, "missing/box"))).toMatch(/^failed Can't create output .*No such file/);
});

test("a file that may not be written is told to the sender at once", async () => {
  await writeFile(join(folder, "closed"), "", { mode: 0o400 });
  await chmod(folder, 0o755);
  // Root may write every file: as somebody else, then.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid!(NOBODY);
  try {
    expect(await deliver(join(folder, "closed"))).toMatch(/^failed Can't create output .*Permission denied/);
  } finally {
    if (isRoot) process.seteuid!(0);
  }
});
