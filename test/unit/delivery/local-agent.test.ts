import { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Report } from "../../../src/delivery/agent.ts";
import { createAgents } from "../../../src/delivery/agents.ts";
import {
  type JobValues,
  testEnvironment,
  testJob,
  testMailer,
  testMessage,
  testUsers,
} from "../../support/delivery-job.ts";

const OURS = process.getuid?.() ?? 0;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "local-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function deliver(spec: string, values: JobValues = {}, flags = "lsDFMPw", uid = OURS): Promise<Report> {
  const environment = testEnvironment({
    users: testUsers([
      { name: "ann", home: join(folder, "home/ann"), uid },
      { name: "bob", home: join(folder, "home/bob") },
    ]),
  });
  const agents = createAgents(environment);
  const argv = ["LOCAL", spec];
  const mailer = testMailer({ name: "local", path: "[LOCAL]", argv, flags, eol: "\n", lineLimit: 0 });
  const report = await agents.agentFor(mailer).deliver(testJob({ host: "", users: ["ann"], mailer, ...values }));
  await agents.close();
  return report;
}

function outcome(report: Report, index = 0): string {
  const { action, status, text } = report.statuses.get(index) ?? {};
  return `${action} ${status} ${text}`;
}

const STORED = "From: joe@a.test\nSubject: test\n\nHello\n";

describe("a first mailbox", () => {
  // As root the tasks of this test run with root's rights, and so does what is made before them; only that is given away.
  const ann = OURS === 0 ? 31_001 : OURS;
  const send = (spec: string) => deliver(spec, {}, "lsDFMPw", ann);

  test("is made for its owner by a server that is root", async () => {
    await send(`mbox:${folder}/$u`);
    expect((await stat(join(folder, "ann"))).uid).toBe(ann);
  });

  test("is made with nobody's rights but the owner's below a home, which may be a folder of the system", async () => {
    await mkdir(join(folder, "home/ann"), { recursive: true });
    await send("mbox:$z/box");
    expect((await stat(join(folder, "home/ann/box"))).uid).toBe(OURS);
  });
});

describe("Maildir", () => {
  test("is created when it is missing, and gets the message whole", async () => {
    const report = await deliver(`maildir:${folder}/$u/`);
    expect(report.statuses.get(0)).toMatchObject({
      action: "delivered",
      status: "2.0.0",
      text: "Sent",
      relay: "local",
    });
    const names = await readdir(join(folder, "ann/new"));
    expect(names.length).toBe(1);
    expect(await readFile(join(folder, "ann/new", names[0]), "latin1")).toBe(`Return-Path: <joe@a.test>\n${STORED}`);
    expect(await readdir(join(folder, "ann/tmp"))).toEqual([]);
    expect((await stat(join(folder, "ann"))).mode & 0o777).toBe(0o700);
  });

  test("each recipient has his own", async () => {
    const report = await deliver(`maildir:${folder}/$u`, { users: ["ann", "bob", "eve"] });
    expect([0, 1, 2].map((index) => outcome(report, index))).toEqual([
      "delivered 2.0.0 Sent",
      "delivered 2.0.0 Sent",
      "failed 5.1.1 User unknown",
    ]);
    expect((await readdir(folder)).toSorted()).toEqual(["ann", "bob"]);
  });

  test("a body that is streamed arrives whole", async () => {
    const body = "0123456789\r\n".repeat(30_000);
    await deliver(`maildir:${folder}/$u`, { message: testMessage(body, false) });
    const [name] = await readdir(join(folder, "ann/new"));
    const stored = await readFile(join(folder, "ann/new", name), "latin1");
    expect(stored.slice(stored.indexOf("\n\n") + 2)).toBe(body.replaceAll("\r\n", "\n"));
  });

  test("a folder that cannot be used is a reason to wait", async () => {
    expect(outcome(await deliver(`maildir:${folder}/missing/$u`))).toMatch(/^delayed 4\.2\.0 .*No such file/);
    await writeFile(join(folder, "ann"), "");
    expect(outcome(await deliver(`maildir:${folder}/$u`))).toMatch(/^delayed 4\.2\.0 .*Not a directory/);
  });

  test.each(["../ann", "..", "a/b", "", "a\0b"])("user %j does not lead out of the mail folder", async (user) => {
    const report = await deliver(`maildir:${folder}/box/$u`, { users: [user] }, "l");
    expect(outcome(report)).toBe("failed 5.1.1 User unknown");
  });

  test("$z is the user's home folder", async () => {
    await mkdir(join(folder, "home/ann"), { recursive: true });
    await deliver("maildir:$z/Maildir");
    expect(await readdir(join(folder, "home/ann/Maildir/new"))).toHaveLength(1);
  });
});

describe("mbox", () => {
  test("messages are appended with From lines and a blank line between", async () => {
    for (const body of ["From x\r\n", "two"])
      expect(outcome(await deliver(`mbox:${folder}/$u`, { body }))).toMatch(/Sent$/);
    const header = "Return-Path: <joe@a.test>\nFrom: joe@a.test\nSubject: test\n";
    const from = "From joe@a.test  Fri Nov 20 19:00:00 2026\n";
    expect(await readFile(join(folder, "ann"), "latin1")).toBe(
      `${from}${header}\n>From x\n\n${from}${header}\ntwo\n\n`,
    );
    expect(await readdir(folder)).toEqual(["ann"]);
    expect((await stat(join(folder, "ann"))).mode & 0o777).toBe(0o600);
  });

  test("messages that come at once do not mix", async () => {
    await Promise.all(
      Array.from({ length: 10 }, (_each, count) => deliver(`mbox:${folder}/$u`, { body: `${count}\r\n` })),
    );
    const text = await readFile(join(folder, "ann"), "latin1");
    expect(text.split(/^From .*$/m).length).toBe(11);
    expect(text.match(/Subject: test\n\n\d\n\n/g)?.length).toBe(10);
  });

  test("a half line left by somebody else is ended first", async () => {
    await writeFile(join(folder, "ann"), "broken");
    await deliver(`mbox:${folder}/$u`);
    expect(await readFile(join(folder, "ann"), "latin1")).toMatch(/^broken\n\nFrom joe/);
  });

  test("links are not followed", async () => {
    await writeFile(join(folder, "target"), "");
    await symlink(join(folder, "target"), join(folder, "ann"));
    expect(outcome(await deliver(`mbox:${folder}/$u`))).toMatch(/^delayed/);
    await rm(join(folder, "ann"));
    await link(join(folder, "target"), join(folder, "ann"));
    expect(outcome(await deliver(`mbox:${folder}/$u`))).toMatch(/^delayed .*more than one link/);
    expect(await readFile(join(folder, "target"), "latin1")).toBe("");
  });
});

test("MH folders number their messages", async () => {
  await mkdir(join(folder, "ann"));
  await chmod(join(folder, "ann"), 0o700);
  await writeFile(join(folder, "ann/41"), "");
  for (let count = 0; count < 2; count++) await deliver(`mh:${folder}/$u`);
  expect((await readdir(join(folder, "ann"))).toSorted()).toEqual(["41", "42", "43"]);
});

test("an A= line that names no mailbox is a configuration error that can be mended", async () => {
  expect(outcome(await deliver("maildir:relative/$u"))).toMatch(/^delayed 4\.3\.5 .*names no mailbox/);
});
