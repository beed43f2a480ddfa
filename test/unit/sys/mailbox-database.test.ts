import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { systemClock, type Clock } from "../../../src/sys/clock.ts";
import { SystemUsers } from "../../../src/sys/getent.ts";
import { openMailboxDatabase } from "../../../src/sys/mailbox-database.ts";
import { isPromise } from "../../../src/sys/maybe-promise.ts";
import { UserLookupError } from "../../../src/sys/users.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const folder = mkdtempSync(join(tmpdir(), "users-"));
afterAll(() => rmSync(folder, { recursive: true }));

const JOE = { name: "joe", uid: 1001, gid: 100, gecos: "Joe Doe", home: "/home/joe", shell: "/bin/sh" };

test("passwd:/path finds users by name and by uid", async () => {
  const file = join(folder, "passwd");
  writeFileSync(file, "# users\njoe:x:1001:100:Joe Doe:/home/joe:/bin/sh\nbroken:x:a:b\n\njoe:x:1:1:second::\n");
  const users = openMailboxDatabase(`passwd:${file}`, systemClock);
  expect(await users.find("joe")).toEqual(JOE);
  expect(await users.findById(1001)).toEqual(JOE);
  expect(await users.find("Joe")).toBeUndefined();
  expect(await users.find("broken")).toBeUndefined();
});

test("passwd:/path sees a changed file at the next look-up", async () => {
  const file = join(folder, "changing");
  writeFileSync(file, "");
  const users = openMailboxDatabase(`passwd:${file}`, systemClock);
  expect(await users.find("joe")).toBeUndefined();
  writeFileSync(file, "joe:x:1001:100:Joe Doe:/home/joe:/bin/sh\n");
  expect(await users.find("joe")).toEqual(JOE);
});

test("passwd:/path: who is known is believed for a second, and nobody is unknown without a look at the file", () => {
  const file = join(folder, "believed");
  const clock = new ManualClock(Date.now());
  const replace = (text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  replace("joe:x:1001:100:Joe Doe:/home/joe:/bin/sh\n");
  const users = openMailboxDatabase(`passwd:${file}`, clock);
  expect(users.find("joe")).toEqual(JOE);
  replace("joe:x:1009:100:Joe Doe:/home/joe:/bin/sh\n");
  clock.advance(999);
  expect([users.find("joe"), users.findById(1001)]).toEqual([JOE, JOE]);
  clock.advance(1);
  expect(users.find("joe")).toEqual({ ...JOE, uid: 1009 });
  expect(users.findById(1001)).toBeUndefined();
  replace("eve:x:1002:100::/home/eve:/bin/sh\n");
  expect(users.find("joe")).toMatchObject({ uid: 1009 });
  expect(users.find("eve")).toMatchObject({ uid: 1002 });
  // That look has shown who has gone, too.
  expect(users.find("joe")).toBeUndefined();
});

test("nobody is unknown while a passwd file is being rewritten in place, or when all users are gone", async () => {
  const file = join(folder, "rewritten");
  const joe = "joe:x:1001:100:Joe Doe:/home/joe:/bin/sh\n";
  const eve = "eve:x:1002:100::/home/eve:/bin/sh\n";
  writeFileSync(file, joe + eve);
  const clock = new ManualClock(Date.now());
  const users = openMailboxDatabase(`passwd:${file}`, clock);
  const touch = (): void => utimesSync(file, clock.now() / 1000, clock.now() / 1000);
  expect(await users.find("ann")).toBeUndefined();
  clock.advance(1000);
  writeFileSync(file, joe);
  touch();
  expect(await users.find("joe")).toEqual(JOE);
  expect(() => users.find("eve")).toThrow(UserLookupError);
  clock.advance(1001);
  expect(await users.find("eve")).toBeUndefined();
  writeFileSync(file, "");
  utimesSync(file, 1, 1);
  clock.advance(1000);
  expect(() => users.find("joe")).toThrow("Cannot find a single user");
  writeFileSync(`${file}.new`, eve);
  renameSync(`${file}.new`, file);
  expect(await users.find("joe")).toBeUndefined();
});

test("a passwd file that cannot be read is an error, not an unknown user", () => {
  const users = openMailboxDatabase(`passwd:${join(folder, "missing")}`, systemClock);
  expect(() => users.find("joe")).toThrow(/Cannot read the users in ".*missing": ENOENT/);
});

test("openMailboxDatabase() says what it accepts", () => {
  expect(() => openMailboxDatabase("ldap", systemClock)).toThrow('wanted "pw" or "passwd:/path/of/file"');
});

test("pw knows who runs this test, and that an invented user does not exist", async () => {
  const users = openMailboxDatabase("pw", systemClock);
  const me = userInfo();
  expect(await users.find(me.username)).toMatchObject({ name: me.username, uid: me.uid, home: me.homedir });
  expect(await users.find("no-such-user-here")).toBeUndefined();
  expect(await users.find("x\ny")).toBeUndefined();
});

test("pw asks the system once a minute, for missing users too, and takes no uid for a name", async () => {
  let now = 0;
  const asked: string[] = [];
  const clock: Clock = { now: () => now, after: () => () => undefined };
  const users = new SystemUsers(clock, {
    passwdFile: join(folder, "missing"),
    switchFile: join(folder, "missing"),
    ask: async (key) => {
      asked.push(key);
      return key === "joe" || key === "1001" ? "joe:x:1001:100:Joe Doe:/home/joe:/bin/sh" : undefined;
    },
  });
  expect(await Promise.all([users.find("joe"), users.find("joe"), users.find("eve")])).toEqual([JOE, JOE, undefined]);
  const again = users.find("joe");
  expect(isPromise(again)).toBe(false);
  expect(again).toEqual(JOE);
  expect(await users.find("1001")).toBeUndefined();
  expect(users.findById(1001)).toEqual(JOE);
  expect(users.find("eve")).toBeUndefined();
  expect(asked).toEqual(["joe", "eve", "1001"]);
  now = 60_001;
  await users.find("eve");
  expect(asked).toEqual(["joe", "eve", "1001", "eve"]);
});

test("pw passes on that the system could not answer", async () => {
  const users = new SystemUsers(systemClock, {
    passwdFile: join(folder, "missing"),
    switchFile: join(folder, "missing"),
    ask: () => Promise.reject(new Error("getent: timeout")),
  });
  await expect(users.find("joe")).rejects.toThrow("timeout");
});

test("pw starts no child where /etc/passwd is all there is", async () => {
  const switchFile = join(folder, "nsswitch.conf");
  const passwdFile = join(folder, "system-passwd");
  writeFileSync(passwdFile, "joe:x:1001:100:Joe Doe:/home/joe:/bin/sh\n");
  let now = 0;
  let asked = 0;
  const clock: Clock = { now: () => now, after: () => () => undefined };
  const ask = async (): Promise<undefined> => {
    asked++;
    return undefined;
  };
  const users = new SystemUsers(clock, { passwdFile, switchFile, ask });
  writeFileSync(switchFile, "passwd:  files systemd # local\ngroup: files ldap\n");
  expect(users.find("joe")).toEqual(JOE);
  expect(users.find("eve")).toBeUndefined();
  expect(asked).toBe(0);
  now += 60_001;
  writeFileSync(switchFile, "passwd: files [NOTFOUND=continue] ldap\n");
  expect(await users.find("eve")).toBeUndefined();
  expect(asked).toBe(1);
});

test("pw says so when /etc/passwd is all there is and cannot be read", () => {
  const switchFile = join(folder, "files-only");
  writeFileSync(switchFile, "passwd: files\n");
  const users = new SystemUsers(systemClock, { passwdFile: join(folder, "missing"), switchFile });
  expect(() => users.find("joe")).toThrow("Cannot read the users");
});

test("pw asks with a few children at a time", async () => {
  let running = 0;
  let most = 0;
  const users = new SystemUsers(systemClock, {
    passwdFile: join(folder, "missing"),
    switchFile: join(folder, "missing"),
    ask: async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return undefined;
    },
  });
  await Promise.all(Array.from({ length: 50 }, async (_, i) => users.find(`user${i}`)));
  expect(most).toBe(4);
});
