/** Who submits a message: the name that the caller gives himself counts where it is one of the uid that is proved. */
import type { MailboxDatabase, User } from "../sys/users.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";

export interface KnownCaller {
  readonly user: string;
  readonly isStranger?: boolean;
}

/**
 * @param claimed what the caller says; of several names of one uid the one that he uses
 * @param uid that is proved, undefined when none is
 * @param databases where accounts are, the first counts most
 */
export async function callerOf(
  claimed: string,
  uid: number | undefined,
  databases: readonly MailboxDatabase[],
): Promise<KnownCaller> {
  if (uid === undefined) return { user: claimed, isStranger: true };
  for (const database of databases) {
    if ((await answerOf(() => database.find(claimed)))?.uid === uid) return { user: claimed };
  }
  for (const database of databases) {
    const found = await answerOf(() => database.findById(uid));
    if (found !== undefined) return { user: found.name };
  }
  // In a container, somebody without an account: he is who he is.
  return { user: String(uid) };
}

/** A database that cannot be asked now knows nobody: mail is not refused for that. */
async function answerOf(ask: () => MaybePromise<User | undefined>): Promise<User | undefined> {
  try {
    return await ask();
  } catch {
    return undefined;
  }
}
