/**
 * With whose rights a mailbox is written, a file appended to, a program run.
 *
 * Programs and files as the original has it: under F=S root's, or those of U=; under F=o those of the user whom the mail is
 * for, or who forwarded it (but never root's: what root lists runs as DefaultUser); else those of U=, else DefaultUser.
 * Mailboxes that this program writes itself are the recipient's, or U=. It matters only when the server was started as root.
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

const ROOT: Rights = { user: "root", uid: 0, gid: 0 };

/** @throws when the user database cannot be asked now */
export async function rightsFor({ config, users, mailer, recipient, owner }: RightsQuestion): Promise<Rights> {
  const { user: fixed, flags, path } = mailer;
  const named = () => rightsOfMailer({ config, users, mailer });
  if (path.startsWith("/") && flags.has("S")) return named();
  // Our own delivery needs no flag to be the recipient's, and U= is how to tell it otherwise.
  const isOwn = path.toUpperCase() === "[LOCAL]";
  if (!(isOwn ? fixed === undefined || flags.has("o") : flags.has("o"))) return named();
  if (owner !== undefined) return { user: owner.name, uid: owner.uid, gid: owner.gid };
  const given = recipient.recipient.rights;
  return given !== undefined && given.uid !== 0 ? given : named();
}

/**
 * The rights of a mailer whose program delivers for many users in one conversation, or that is no user's.
 * @throws when the user database cannot be asked now
 */
export async function rightsOfMailer({
  config,
  users,
  mailer,
}: Pick<RightsQuestion, "config" | "users" | "mailer">): Promise<Rights> {
  const { user, flags, path } = mailer;
  if (user !== undefined) return namedUser(users, user.uid, user.gid);
  return path.startsWith("/") && flags.has("S") ? ROOT : defaultUser(config, users);
}

export async function findUser(users: MailboxDatabase, name: string): Promise<User | undefined> {
  const found = users.find(name);
  return isPromise(found) ? await found : found;
}
