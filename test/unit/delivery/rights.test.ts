import { expect, test } from "@jest/globals";
import { rightsFor } from "../../../src/delivery/rights.ts";
import type { Rights } from "../../../src/envelope/recipient.ts";
import type { User } from "../../../src/sys/users.ts";
import { testConfig, testMailer, testOptions } from "../../support/delivery-job.ts";

const ann: User = { name: "ann", uid: 1001, gid: 100, home: "/home/ann", gecos: "", shell: "/bin/sh" };
const root: Rights = { user: "root", uid: 0, gid: 0 };
const list: Rights = { user: "list", uid: 38, gid: 38 };
const users = {
  find: (name: string) => (name === "mailnull" ? { ...ann, name, uid: 47, gid: 48 } : undefined),
  findById: () => undefined,
};
const prog = testMailer({ name: "prog", path: "/bin/sh", argv: ["sh", "-c", "$u"], flags: "lsDFMoqeu9" });

function rights(given: Rights | undefined, owner?: User, DefaultUser = "1:1", mailer = prog): Promise<Rights> {
  const recipient = { given: "|prog", state: "todo", ...(given === undefined ? {} : { rights: given }) } as const;
  return rightsFor({
    config: testConfig(testOptions({ DefaultUser })),
    users,
    mailer,
    recipient: { index: 0, recipient, triple: { mailer: "prog", host: "", user: "|prog" } },
    ...(owner === undefined ? {} : { owner }),
  });
}

test("a program or file of a user's .forward has the user's rights", async () => {
  expect(await rights(list)).toEqual(list);
});

test("what an alias names has those of DefaultUser", async () => {
  expect(await rights(undefined)).toMatchObject({ uid: 1, gid: 1 });
  expect(await rights(undefined, undefined, "mailnull")).toEqual({ user: "mailnull", uid: 47, gid: 48 });
});

test("what root's .forward, or a list that belongs to root, names never runs as root", async () => {
  expect(await rights(root)).toMatchObject({ uid: 1, gid: 1 });
  expect(await rights(root, undefined, "mailnull")).toEqual({ user: "mailnull", uid: 47, gid: 48 });
});

test("a mailbox is written with its user's rights, whoever forwarded to it", async () => {
  expect(await rights(list, ann)).toEqual({ user: "ann", uid: 1001, gid: 100 });
  expect(await rights(root, ann)).toEqual({ user: "ann", uid: 1001, gid: 100 });
});

/** Whose rights a program has under flags and U=, as a genuine sendmail answers: for ann, from nobody's list, from list's. */
test.each<[flags: string, user: number | undefined, forAnn: number, fromAlias: number, fromList: number]>([
  ["lsu", undefined, 1, 1, 1],
  ["lsuw", undefined, 1, 1, 1],
  ["lsuo", undefined, 1001, 1, 38],
  ["lsuS", undefined, 0, 0, 0],
  ["lsuSo", undefined, 0, 0, 0],
  ["lsu", 33, 33, 33, 33],
  ["lsuS", 33, 33, 33, 33],
  ["lsuo", 33, 1001, 33, 38],
  ["lsu", 0, 0, 0, 0],
])("F=%s, U=%s", async (flags, user, ...wanted) => {
  const mailer = testMailer({ ...prog, flags, ...(user === undefined ? {} : { user: { uid: user, gid: user } }) });
  const found = [await rights(undefined, ann, "1:1", mailer), await rights(undefined, undefined, "1:1", mailer)];
  found.push(await rights(list, undefined, "1:1", mailer));
  expect(found.map(({ uid }) => uid)).toEqual(wanted);
});

test("what this program writes itself is the recipient's without any flag", async () => {
  const local = testMailer({ name: "local", path: "[LOCAL]", argv: ["LOCAL", "mbox:/m/$u"], flags: "lsDFMw" });
  expect(await rights(undefined, ann, "1:1", local)).toMatchObject({ uid: 1001 });
  const virtual = testMailer({ ...local, flags: "lsDFMw", user: { uid: 33, gid: 33 } });
  expect(await rights(undefined, ann, "1:1", virtual)).toMatchObject({ uid: 33 });
});
