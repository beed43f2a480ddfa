/**
 * Local users: who has a mailbox here, with which uid, home folder and shell.
 *
 * The option MailboxDatabase chooses where they come from (decision D15): `pw` asks the system, `passwd:/path`
 * reads a file of passwd lines.
 */
import type { MaybePromise } from "./maybe-promise.ts";

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Full name field of the passwd line. */
  readonly gecos: string;
  readonly home: string;
  readonly shell: string;
}

export interface MailboxDatabase {
  /** The user of that name (exact spelling), or undefined. Throws when the database cannot be asked now. */
  find(name: string): MaybePromise<User | undefined>;
  /** The user of that uid, or undefined. */
  findById(uid: number): MaybePromise<User | undefined>;
}

/** The database cannot be asked now: mail waits, nobody is called unknown. */
export class UserLookupError extends Error {
  override name = "UserLookupError";
}
