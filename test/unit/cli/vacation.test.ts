/** What vacation does beside what the genuine one does (companions.test.ts): intervals, its database, the answer itself. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { runMakemap } from "../../../src/cli/makemap.ts";
import type { submit } from "../../../src/cli/submit.ts";
import { runVacation } from "../../../src/cli/vacation/command.ts";
import { type Clock, systemClock } from "../../../src/sys/clock.ts";
import { runCommand } from "../../support/command.ts";

const DAY = 86_400_000;
let home: string;
let now: number;
let sent: string[];
let logged: string[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "vacation-"));
  writeFileSync(join(home, ".vacation.msg"), "Subject: away (was: $SUBJECT)\n\nAbout $SUBJECT: I am away.\n");
  now = Date.UTC(2026, 10, 20);
  sent = [];
  logged = [];
});
afterEach(() => rmSync(home, { recursive: true }));

const clock: Clock = { ...systemClock, now: () => now };

const send: typeof submit = async (args, by) => {
  let text = "";
  for await (const chunk of by!.input) text += chunk.toString("latin1");
  sent.push(`${args.sender ?? ""} to ${args.addresses.join()}: ${text}`);
  return 0;
};

function vacation(words: string, input = "", how: typeof submit = send) {
  const { uid, gid } = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const user = { name: "joe", uid, gid, gecos: "", home, shell: "/bin/sh" };
  const users = { find: (name: string) => (name === "joe" ? user : undefined), findById: () => undefined };
  const around = { clock, users, send: how, log: (text: string) => void logged.push(text) };
  return runCommand((given, streams) => runVacation(given, streams, around), words.split(" "), input);
}

const from = (sender: string, ...header: string[]): string =>
  `From ${sender} Fri Nov 20 19:00:00 2026\nTo: joe@a.test\n${header.map((line) => `${line}\n`).join("")}\nbody\n`;

test("one answer in an interval: a week, or as many days as -r says, or for ever", async () => {
  const answers = async (...days: number[]): Promise<number> => {
    sent = [];
    for (const each of days) {
      now = Date.UTC(2026, 10, 20) + each * DAY;
      expect((await vacation("joe", from("ann@b.test"))).status).toBe(0);
    }
    return sent.length;
  };
  expect(await answers(0, 1, 6.9)).toBe(1);
  expect(await answers(7)).toBe(1);
  await vacation("-i -r 2 joe");
  expect(await answers(0, 1.9, 2, 3)).toBe(2);
  await vacation("-i -r infinite joe");
  expect(await answers(0, 1000)).toBe(1);
});

test("a sender in another spelling is the same one; what is over is forgotten", async () => {
  await vacation("joe", from("ann@b.test"));
  await vacation("joe", from("Ann@B.test"));
  expect(sent).toHaveLength(1);
  now += 8 * DAY;
  await vacation("joe", from("bob@b.test"));
  const { output } = await vacation("-l joe");
  expect(output.split("\n")).toEqual([expect.stringMatching(/^bob@b\.test {31}[A-Z]/), ""]);
  expect((await runCommand(runMakemap, ["-u", "hash", join(home, ".vacation")])).output).toMatch(
    /^bob@b\.test\t\d+\n$/,
  );
  expect(statSync(join(home, ".vacation.db")).mode & 0o777).toBe(0o600);
});

test("$SUBJECT is the subject, on one line, and nothing that could be another field", async () => {
  await vacation("joe", from("ann@b.test", "Subject: $& lunch\r", " on \x07Friday"));
  expect(sent).toEqual([
    "joe to ann@b.test: To: ann@b.test\nAuto-Submitted: auto-replied\nSubject: away (was: $& lunch on  Friday)\n\nAbout $& lunch on  Friday: I am away.\n",
  ]);
});

test("a sender with commas is one address, one in Latin-1 stays what it is", async () => {
  await vacation("joe", from('"a,b"@c.test'));
  await vacation("joe", from("j\xf6rg@c.test"));
  expect(sent.map((each) => each.slice(0, each.indexOf(":")))).toEqual([
    'joe to <"a,b"@c.test>',
    "joe to j\udcf6rg@c.test",
  ]);
});

const sales = (host: string): string => from(`x@${host}`).replace("joe@a.test", `Sales <sales@${host}>`);

test("an alias with a host is that address only", async () => {
  for (const host of ["a.test", "b.test"]) await vacation("-a sales@a.test joe", sales(host));
  expect(sent.map((each) => each.slice(0, each.indexOf(":")))).toEqual(["joe to x@a.test"]);
});

test("two at the same time answer once", async () => {
  await Promise.all(Array.from({ length: 4 }, () => vacation("joe", from("ann@b.test"))));
  expect(sent).toHaveLength(1);
  expect(existsSync(join(home, ".vacation.db.lock"))).toBe(false);
});

const fails: typeof submit = () => Promise.reject(new Error("no queue"));

test("an answer that cannot be sent is told the log; the message has come to its user all the same", async () => {
  expect(await vacation("joe", from("ann@b.test"), fails)).toEqual({ status: 0, output: "", errors: "" });
  expect(logged).toEqual(["vacation: the answer to ann@b.test was not sent: no queue"]);
});

test("what is wrong goes to the log, with -d to standard error", async () => {
  rmSync(join(home, ".vacation.msg"));
  expect(await vacation("joe", from("ann@b.test"))).toEqual({ status: 66, output: "", errors: "" });
  expect(logged).toEqual(["vacation: no ~joe/.vacation.msg file."]);
  expect((await vacation("-d joe", from("ann@b.test"))).errors).toBe("vacation: no ~joe/.vacation.msg file.\n");
});

test("a database that cannot be is named, with the reason", async () => {
  const { status, errors } = await vacation("-d -f none/db joe", from("ann@b.test"));
  expect([status, errors]).toEqual([65, "vacation: none/db: No such file or directory\n"]);
  expect(sent).toEqual([]);
});

test("another program's database stays as it is", async () => {
  const berkeley = Buffer.alloc(4096);
  berkeley.writeUInt32LE(0x061561, 12);
  berkeley.writeUInt32LE(4096, 20);
  writeFileSync(join(home, ".vacation.db"), berkeley);
  for (let times = 0; times < 2; times++) await vacation("joe", from("ann@b.test"));
  expect(sent).toHaveLength(1);
  expect(readFileSync(join(home, ".vacation.db")).equals(berkeley)).toBe(true);
});
