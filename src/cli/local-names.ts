/** Who is local to a configuration, for commands that only want to know: its aliases and its users. */
import type { Config } from "../config/config.ts";
import type { ConfigEnvironment } from "../config/environment.ts";
import { silentLog } from "../log/log.ts";
import { type Aliases, createAliases } from "../routing/aliases.ts";
import { openAliasDatabases } from "../site/alias-databases.ts";
import { systemClock } from "../sys/clock.ts";
import { openMailboxDatabase } from "../sys/mailbox-database.ts";
import type { MailboxDatabase } from "../sys/users.ts";

export interface OpenedNames {
  readonly aliases: Aliases;
  readonly users: MailboxDatabase;
  close(): void;
}

export function openLocalNames(
  config: Config,
  { machine, resolver }: Pick<ConfigEnvironment, "machine" | "resolver">,
): OpenedNames {
  const users = openMailboxDatabase(config.options.text("MailboxDatabase"), systemClock);
  const databases = openAliasDatabases(config, users, { machine, resolver, clock: systemClock, log: silentLog });
  return {
    aliases: createAliases(databases),
    users,
    close() {
      for (const database of databases) database.close();
    },
  };
}
