import { expect, test } from "@jest/globals";
import type { Config } from "../../../src/config/config.ts";
import { serverUser } from "../../../src/daemon/server-user.ts";
import type { MailboxDatabase, User } from "../../../src/sys/users.ts";

function accounts(...names: readonly (readonly [name: string, uid: number, gid: number])[]): MailboxDatabase {
  const users: User[] = names.map(([name, uid, gid]) => ({ name, uid, gid, gecos: "", home: "/", shell: "" }));
  return {
    find: (name) => users.find((user) => user.name === name),
    findById: (uid) => users.find((user) => user.uid === uid),
  };
}

function config(options: Readonly<Record<string, string>>): Config {
  const given: Readonly<Record<string, string>> = { DefaultUser: "1:1", ...options };
  return { options: { text: (name: string) => given[name] ?? "" } } as unknown as Config;
}

const machine = accounts(["daemon", 1, 1], ["mail", 8, 12], ["root", 0, 0]);

test.each([
  ["mail", { user: "mail", uid: 8, gid: 12 }],
  ["mail:daemon", { user: "mail", uid: 8, gid: 1 }],
  ["mail:77", { user: "mail", uid: 8, gid: 77 }],
  ["8", { user: "mail", uid: 8, gid: 12 }],
  ["8:9", { user: "mail", uid: 8, gid: 9 }],
  ["52301:52302", { user: "52301", uid: 52301, gid: 52302 }],
  ["root", { user: "root", uid: 0, gid: 0 }],
])("RunAsUser=%s", async (text, wanted) => {
  expect(await serverUser(config({ RunAsUser: text }), machine)).toEqual({ ...wanted, because: `RunAsUser=${text}` });
});

test.each([
  ["nobody-of-this-name", "RunAsUser=nobody-of-this-name: unknown user nobody-of-this-name"],
  ["mail:no-group-of-this-name", "RunAsUser=mail:no-group-of-this-name: unknown group no-group-of-this-name"],
  ["52301", "RunAsUser=52301: no account has the number 52301: write 52301:GROUP"],
])("RunAsUser=%s is refused", async (text, reason) => {
  await expect(serverUser(config({ RunAsUser: text }), machine)).rejects.toThrow(reason);
});

test("without RunAsUser the account of a package counts, else DefaultUser, and which it was is said", async () => {
  const packaged = accounts(["rulemail", 990, 991], ["daemon", 1, 1]);
  expect(await serverUser(config({}), packaged)).toMatchObject({ user: "rulemail", uid: 990, gid: 991 });
  const found = await serverUser(config({}), machine);
  expect(found).toMatchObject({ user: "daemon", uid: 1, gid: 1 });
  expect(found.because).toBe(
    "RunAsUser is not set, and there is no account rulemail: DefaultUser counts, as whom programs of aliases run, too",
  );
  expect(await serverUser(config({ DefaultUser: "mail" }), machine)).toMatchObject({ uid: 8, gid: 12 });
});

test("DefaultUser may be one of those who have mailboxes", async () => {
  const users = accounts(["guest", 52401, 52402]);
  expect(await serverUser(config({ DefaultUser: "guest" }), machine, users)).toMatchObject({ uid: 52401, gid: 52402 });
  await expect(serverUser(config({ DefaultUser: "guest" }), machine)).rejects.toThrow("user guest is unknown");
});
