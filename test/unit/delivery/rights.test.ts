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

function rights(given: Rights | undefined, owner?: User, DefaultUser = "1:1"): Promise<Rights> {
  const recipient = { given: "|prog", state: "todo", ...(given === undefined ? {} : { rights: given }) } as const;
  return rightsFor({
    config: testConfig(testOptions({ DefaultUser })),
    users,
    mailer: prog,
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
