import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import type { Config } from "../../../src/config/config.ts";
import { mayListQueue } from "../../../src/daemon/may-list.ts";
import { isGroupMember } from "../../../src/sys/groups.ts";
import type { User } from "../../../src/sys/users.ts";

const options = (values: Readonly<Record<string, string>>): Config =>
  ({ options: { text: (name: string) => values[name] ?? "" } }) as unknown as Config;

const user = (uid: number, gid: number): User => ({ name: `u${uid}`, uid, gid, gecos: "", home: "/", shell: "" });

test("everybody sees the queue, with restrictmailq only root, the server and the group of its folder", async () => {
  const QueueDirectory = await mkdtemp(join(tmpdir(), "may-list-"));
  try {
    const { gid } = await stat(QueueDirectory);
    const accounts = {
      find: () => undefined,
      findById: (uid: number) => (uid === 7001 ? user(uid, gid) : uid === 7002 ? user(uid, 7002) : undefined),
    };
    const ask = (PrivacyOptions: string, uid?: number) =>
      mayListQueue(options({ QueueDirectory, PrivacyOptions }), uid, accounts);
    expect(await ask("authwarnings")).toBe(true);
    expect(await ask("authwarnings", 7002)).toBe(true);
    const restricted = (uid?: number) => ask("authwarnings,RestrictMailq", uid);
    expect(await Promise.all([restricted(0), restricted(process.geteuid?.()), restricted(7001)])).toEqual([
      true,
      true,
      true,
    ]);
    expect(await Promise.all([restricted(), restricted(7002), restricted(7003)])).toEqual([false, false, false]);
  } finally {
    await rm(QueueDirectory, { recursive: true });
  }
});

test("members of a group are those that its line names", async () => {
  expect(await isGroupMember(0, "nobody-of-this-name")).toBe(false);
});
