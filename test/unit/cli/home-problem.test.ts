/** A home that another user has made, or that nobody can make, is refused with what to do. */
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { whyNotUnprivileged } from "../../support/mail-server.ts";

const root = join(import.meta.dirname, "../../..");
const isRoot = process.getuid?.() === 0;
const ANN = 31_001;
/** Both root and others have to be played. */
const asRoot = isRoot && whyNotUnprivileged() === "" ? describe : describe.skip;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "home-problem-"));
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(name: string, words: readonly string[], home: string, uid?: number) {
  const { status, stderr } = spawnSync(join(root, "bin", name), words, {
    encoding: "latin1",
    timeout: 60_000,
    env: { PATH: process.env["PATH"], RULEMAIL_HOME: home },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  return { status, stderr };
}

/** A home with users in it. */
function homeOf(name: string, uid: number): string {
  const home = join(folder, name);
  mkdirSync(home, { mode: 0o755 });
  writeFileSync(join(home, "passwd"), "");
  for (const path of [home, join(home, "passwd")]) chownSync(path, uid, uid);
  return home;
}

asRoot("rulemail start", () => {
  const ADVICE = "start as that user, or name another folder: RULEMAIL_HOME=FOLDER";

  test("by root in the home of a user is refused: neither could use it afterwards", () => {
    const home = homeOf("ann", ANN);
    expect(run("rulemail", ["start"], home)).toEqual({
      status: 73,
      stderr: `rulemail start: ${home} belongs to user ${ANN}, and this is user 0: ${ADVICE}\n`,
    });
  });

  test("by a user in a home of root is refused", () => {
    const home = homeOf("root", 0);
    expect(run("rulemail", ["start"], home, ANN)).toEqual({
      status: 73,
      stderr: `rulemail start: ${home} belongs to user 0, and this is user ${ANN}: ${ADVICE}\n`,
    });
  });

  test("by a user who may not make the home says which folder to name", () => {
    const { status, stderr } = run("rulemail", ["start"], join(folder, "new"), ANN);
    expect(status).toBe(73);
    expect(stderr).toMatch(/^rulemail start: the home folder cannot be made \(EACCES.*RULEMAIL_HOME=FOLDER\n$/);
  });
});

asRoot("the queue of a server", () => {
  test.each([
    ["mailq", []],
    ["sendmail", ["-q"]],
    ["sendmail", ["-bP"]],
  ])("is not for other users: %s %j", (name, words) => {
    const queue = join(folder, "queue");
    mkdirSync(queue, { mode: 0o700, recursive: true });
    const options = ["-C", join(root, "cf/standalone.cf"), `-OQueueDirectory=${queue}`];
    const { status, stderr } = run(name, [...words, ...options], folder, ANN);
    expect(stderr).toContain(
      `user ${ANN} may not see the queue ${queue}: ask as root, or as the user that runs the server\n`,
    );
    expect(stderr).toMatch(new RegExp(`^${name}: `, "m"));
    expect(status).toBe(77);
  });
});
