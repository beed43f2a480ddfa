/**
 * Whose rights a server keeps that was started as root: those of RunAsUser; where nothing is said, of the account `rulemail`
 * when the machine has it (a package makes it), else of DefaultUser. Accounts are those of the machine, whoever has mailboxes.
 */
import type { Config } from "../config/config.ts";
import { readOwner } from "../config/owners.ts";
import { defaultUser } from "../routing/default-user.ts";
import { groupId } from "../sys/groups.ts";
import type { MailboxDatabase } from "../sys/users.ts";

export interface ServerUser {
  /** Login name, whose groups count; the number of somebody who has none. */
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
  /** What named it, for the log. */
  readonly because: string;
}

/** The account of packages. */
export const ACCOUNT = "rulemail";

/**
 * @param accounts of the machine
 * @param users who have mailboxes: where DefaultUser may be named, too
 * @throws Error that says what is wrong with the option, or that accounts cannot be asked
 */
export async function serverUser(
  config: Config,
  accounts: MailboxDatabase,
  users: MailboxDatabase = accounts,
): Promise<ServerUser> {
  const asked = config.options.text("RunAsUser").trim();
  if (asked !== "") return named(asked, accounts);
  const account = await accounts.find(ACCOUNT);
  if (account !== undefined) {
    const { name: user, uid, gid } = account;
    return { user, uid, gid, because: `RunAsUser is not set, and there is an account ${ACCOUNT}` };
  }
  const because = `RunAsUser is not set, and there is no account ${ACCOUNT}: DefaultUser counts, as whom programs of aliases run, too`;
  return { ...(await byDefault(config, accounts, users)), because };
}

async function byDefault(config: Config, accounts: MailboxDatabase, users: MailboxDatabase) {
  try {
    const found = await defaultUser(config, accounts);
    // A number without an account of the machine may be one of the mailboxes, and the other way round.
    return found.user === String(found.uid) ? await defaultUser(config, users) : found;
  } catch (error) {
    if (users === accounts) throw error;
    return defaultUser(config, users);
  }
}

async function named(text: string, accounts: MailboxDatabase): Promise<ServerUser> {
  const reading = await readOwner(text, { users: accounts, group: groupId });
  if (reading.kind !== "owner") throw new Error(`RunAsUser=${text}: ${reading.kind} ${reading.name}`);
  const { uid } = reading;
  const [name = ""] = text.split(/[:./]/);
  const account = (await accounts.find(name)) ?? (await accounts.findById(uid));
  const gid = reading.gid ?? account?.gid;
  if (gid === undefined) throw new Error(`RunAsUser=${text}: no account has the number ${uid}: write ${uid}:GROUP`);
  return { user: account?.name ?? String(uid), uid, gid, because: `RunAsUser=${text}` };
}
