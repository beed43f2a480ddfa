/** Option DefaultUser: `mailnull`, `8:12`, `user:group`; 1:1 when it says nothing (manual, option u). */
import type { Config } from "../config/config.ts";
import type { Rights } from "../envelope/recipient.ts";
import type { MailboxDatabase, User } from "../sys/users.ts";

/** @throws when the user database cannot be asked now, or does not know the user or the group */
export async function defaultUser(config: Config, users: MailboxDatabase): Promise<Rights> {
  const text = config.options.text("DefaultUser");
  const [user = "", group] = text.split(/[:.]/);
  if (user === "") return { user: "daemon", uid: 1, gid: 1 };
  return namedUser(users, numberOr(user), group === undefined || group === "" ? undefined : numberOr(group));
}

function numberOr(text: string): number | string {
  return /^[0-9]+$/.test(text) ? Number(text) : text;
}

/** A user by name or number, with his own group or another. */
export async function namedUser(users: MailboxDatabase, uid: number | string, gid?: number | string): Promise<Rights> {
  const found: User | undefined = await (typeof uid === "string" ? users.find(uid) : users.findById(uid));
  if (found === undefined && typeof uid === "string") throw new Error(`user ${uid} is unknown`);
  // A group's name is the name of a user's own group wherever U= is used in practice; others are given by number.
  const group = typeof gid === "number" ? gid : gid === undefined ? found?.gid : (await users.find(gid))?.gid;
  if (group === undefined) throw new Error(`group ${gid ?? uid} is unknown`);
  const id = typeof uid === "number" ? uid : (found?.uid ?? 1);
  return { user: found?.name ?? String(id), uid: id, gid: group };
}
