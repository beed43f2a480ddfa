/**
 * Who may see the queue: everybody, or with PrivacyOptions restrictmailq only root, the server's user, and whoever is in the
 * group of the queue's folder.
 */
import { statSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { privacyOf } from "../config/policies.ts";
import { queueFolder } from "../config/queue-folder.ts";
import { isGroupMember } from "../sys/groups.ts";
import type { MailboxDatabase } from "../sys/users.ts";

/** @param uid undefined for somebody who has not shown who he is */
export async function mayListQueue(
  config: Config,
  uid: number | undefined,
  accounts: MailboxDatabase,
): Promise<boolean> {
  if (!privacyOf(config.options).has("restrictmailq")) return true;
  if (uid === undefined) return false;
  if (uid === 0 || uid === process.geteuid?.()) return true;
  const { gid } = statSync(queueFolder(config));
  const user = await accounts.findById(uid);
  return user !== undefined && (user.gid === gid || (await isGroupMember(gid, user.name)));
}
