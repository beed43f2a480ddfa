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
import { defaultUser, namedUser } from "../routing/default-user.ts";
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
  if (fixed !== undefined && !mailer.flags.has("o")) return namedUser(users, fixed.uid, fixed.gid);
  if (owner !== undefined) return { user: owner.name, uid: owner.uid, gid: owner.gid };
  const given = recipient.recipient.rights;
  if (given !== undefined && given.uid !== 0) return given;
  return defaultUser(config, users);
}

export async function findUser(users: MailboxDatabase, name: string): Promise<User | undefined> {
  const found = users.find(name);
  return isPromise(found) ? await found : found;
}
