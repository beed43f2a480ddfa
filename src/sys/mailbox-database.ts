/** The option MailboxDatabase: which implementation of `MailboxDatabase` it names. */
import type { Clock } from "./clock.ts";
import { SystemUsers } from "./getent.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import { PasswdFile } from "./passwd-file.ts";
import type { MailboxDatabase, User } from "./users.ts";

/** `pw` (the system's users) or `passwd:/path/of/file`. Throws an Error that says what is possible for anything else. */
export function openMailboxDatabase(spec: string, clock: Clock): MailboxDatabase {
  if (spec === "" || spec === "pw") return new SystemUsers(clock);
  const path = /^passwd:(\/.+)$/s.exec(spec)?.[1];
  if (path !== undefined) return new PasswdFile(path, clock);
  throw new Error(`Cannot use MailboxDatabase "${spec}": wanted "pw" or "passwd:/path/of/file"`);
}

/** The mailbox database: which one it is, is known when the configuration has been read. */
export class ConfiguredUsers implements MailboxDatabase {
  readonly #clock: Clock;
  #database: MailboxDatabase;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#database = openMailboxDatabase("pw", clock);
  }

  choose(spec: string): void {
    if (spec !== "" && spec !== "pw") this.#database = openMailboxDatabase(spec, this.#clock);
  }

  find(name: string): MaybePromise<User | undefined> {
    return this.#database.find(name);
  }

  findById(uid: number): MaybePromise<User | undefined> {
    return this.#database.findById(uid);
  }
}
