/**
 * With whose rights a mailbox is written, a file appended to, a program run.
 *
 * In this order: the mailer's U=; for final delivery the recipient himself; the rights that a `.forward` or `:include:`
 * file gave to the recipient, unless these are root's: what root lists runs as DefaultUser; option DefaultUser. They
 * matter only when the server was started as root.
 */
import type { Config } from "../config/config.ts";
import type { Mailer } from "../config/mailer.ts";
import type { Rights } from "../envelope/recipient.ts";
import { isPromise } from "../sys/maybe-promise.ts";
import type { MailboxDatabase, User } from "../sys/users.ts";
import type { JobRecipient } from "./agent.ts";

export interface RightsQuestion {
  readonly config: Config;
  readonly users: MailboxDatabase;
  readonly mailer: Mailer;
  readonly recipient: JobRecipient;
  /** The local user that the mail is for, when the mailer delivers to a user. */
  readonly owner?: User;
}

/** @throws when the user database cannot be asked now */
export async function rightsFor({ config, users, mailer, recipient, owner }: RightsQuestion): Promise<Rights> {
  const { user: fixed } = mailer;
  if (fixed !== undefined && !mailer.flags.has("o")) return named(users, fixed.uid, fixed.gid);
  if (owner !== undefined) return { user: owner.name, uid: owner.uid, gid: owner.gid };
  const given = recipient.recipient.rights;
  if (given !== undefined && given.uid !== 0) return given;
  return defaultUser(config, users);
}

export async function findUser(users: MailboxDatabase, name: string): Promise<User | undefined> {
  const found = users.find(name);
  return isPromise(found) ? await found : found;
}

/** Option DefaultUser: `mailnull`, `8:12`, `user:group`; 1:1 when it says nothing (manual, option u). */
async function defaultUser(config: Config, users: MailboxDatabase): Promise<Rights> {
  const text = config.options.text("DefaultUser");
  const [user = "", group] = text.split(/[:.]/);
  if (user === "") return { user: "daemon", uid: 1, gid: 1 };
  return named(users, numberOr(user), group === undefined || group === "" ? undefined : numberOr(group));
}

function numberOr(text: string): number | string {
  return /^[0-9]+$/.test(text) ? Number(text) : text;
}

async function named(users: MailboxDatabase, uid: number | string, gid?: number | string): Promise<Rights> {
  const found = typeof uid === "string" ? await findUser(users, uid) : await byId(users, uid);
  if (found === undefined && typeof uid === "string") throw new Error(`user ${uid} is unknown`);
  // A group's name is the name of a user's own group wherever U= is used in practice; others are given by number.
  const group = typeof gid === "number" ? gid : gid === undefined ? found?.gid : (await findUser(users, gid))?.gid;
  if (group === undefined) throw new Error(`group ${gid ?? uid} is unknown`);
  const id = typeof uid === "number" ? uid : (found?.uid ?? 1);
  return { user: found?.name ?? String(id), uid: id, gid: group };
}

async function byId(users: MailboxDatabase, uid: number): Promise<User | undefined> {
  const found = users.findById(uid);
  return isPromise(found) ? await found : found;
}
