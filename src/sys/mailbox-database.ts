/** The option MailboxDatabase: which implementation of `MailboxDatabase` it names. */
import type { Clock } from "./clock.ts";
import { SystemUsers } from "./getent.ts";
import { PasswdFile } from "./passwd-file.ts";
import type { MailboxDatabase } from "./users.ts";

/** `pw` (the system's users) or `passwd:/path/of/file`. Throws an Error that says what is possible for anything else. */
export function openMailboxDatabase(spec: string, clock: Clock): MailboxDatabase {
  if (spec === "" || spec === "pw") return new SystemUsers(clock);
  const path = /^passwd:(\/.+)$/s.exec(spec)?.[1];
  if (path !== undefined) return new PasswdFile(path);
  throw new Error(`Cannot use MailboxDatabase "${spec}": wanted "pw" or "passwd:/path/of/file"`);
}
