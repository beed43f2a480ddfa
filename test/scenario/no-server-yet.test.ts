/**
 * `sendmail` as cron, PHP and mail(1) call it, on a machine where no server runs or ever ran: the message is left for the
 * server, or the caller is told that it was not, and what to do.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { whyNotUnprivileged } from "../support/mail-server.ts";

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
const program = join(import.meta.dirname, "../../bin/sendmail");

let folder: string;
let home: string;
let clientQueue: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "no-server-"));
  chmodSync(folder, 0o755);
  home = join(folder, "spool/rulemail");
  clientQueue = join(home, "clientmqueue");
});
afterEach(() => {
  for (const each of [folder, join(folder, "spool"), home, clientQueue]) if (existsSync(each)) chmodSync(each, 0o755);
  rmSync(folder, { recursive: true, force: true });
});

/** Where the tests run as root, an ordinary user is somebody else; otherwise it is the owner, whom modes keep out as well. */
function send(asOrdinary: boolean) {
  const identity = isRoot && asOrdinary ? { uid: NOBODY, gid: NOBODY } : {};
  const { status, stderr } = spawnSync(program, ["-i", "someone@example.test"], {
    input: "Subject: hello\n\ntext\n",
    encoding: "latin1",
    env: { PATH: process.env["PATH"], RULEMAIL_HOME: home },
    ...identity,
  });
  return { status, stderr };
}

const reason = whyNotUnprivileged();
const ordinary = reason === "" ? test : test.skip;

interface Case {
  readonly there: "nothing" | "home" | "client queue";
  /** What keeps the user out: the mode of this folder. */
  readonly closed: () => string;
  readonly mode: number;
  readonly says: () => string;
}

const CASES: readonly Case[] = [
  {
    there: "nothing",
    closed: () => join(folder, "spool"),
    mode: 0o555,
    says: () => `there is no ${home}, because no server has run`,
  },
  {
    there: "home",
    closed: () => home,
    mode: 0o555,
    says: () => `there is no ${clientQueue}, because no server has run`,
  },
  { there: "client queue", closed: () => home, mode: 0o600, says: () => `chmod 755 ${home}` },
  { there: "client queue", closed: () => clientQueue, mode: 0o555, says: () => `chmod 3777 ${clientQueue}` },
];

ordinary.each(CASES)(`an ordinary user is told: %j${reason}`, ({ there, closed, mode, says }) => {
  mkdirSync({ nothing: join(folder, "spool"), home, "client queue": clientQueue }[there], { recursive: true });
  chmodSync(closed(), mode);
  const { status, stderr } = send(true);
  expect(stderr).toContain(says());
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(status).toBe(75);
});

test("who may makes the folders, and the message is left there", () => {
  mkdirSync(join(folder, "spool"));
  expect(send(false)).toEqual({ status: 0, stderr: "" });
  expect(readdirSync(clientQueue).map((name) => name.slice(0, 2))).toEqual(["df", "qf"]);
  const modes = [home, clientQueue].map((each) => (statSync(each).mode & 0o7777).toString(8));
  expect(modes).toEqual(isRoot ? ["755", "3777"] : ["700", "700"]);
});

ordinary(`after root's first message every user can leave one${reason}`, () => {
  mkdirSync(join(folder, "spool"));
  send(false);
  expect(send(true)).toEqual({ status: 0, stderr: "" });
  expect(readdirSync(clientQueue).filter((name) => name.startsWith("qf"))).toHaveLength(2);
});
