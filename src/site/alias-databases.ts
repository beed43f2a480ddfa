/** The databases that AliasFile names, ready to be asked (routing/aliases.ts knows only what they answer). */
import { dontBlameOf } from "../config/policies.ts";
import type { Config } from "../config/config.ts";
import { type AliasDatabase, openAliasSource } from "../maps/alias-source.ts";
import type { MapEnvironment } from "../maps/environment.ts";
import { readAliasText } from "../routing/alias-file.ts";
import type { MailboxDatabase } from "../sys/users.ts";
import type { SiteSurroundings } from "./surroundings.ts";

export function openAliasDatabases(
  config: Config,
  users: MailboxDatabase,
  { resolver, machine, clock, log }: SiteSurroundings,
  missingTablesAreEmpty = false,
): readonly AliasDatabase[] {
  const ourNames = config.classWords("w");
  const environment: MapEnvironment = {
    resolver,
    machine,
    users,
    clock,
    map: (name) => config.maps.get(name.toLowerCase()),
    services: (database) => (database === "hosts" ? ["files", "dns"] : []),
    isLocalHost: (name) => ourNames.has(name),
    ldapDefaultSpec: () => config.options.text("LDAPDefaultSpec"),
    dontBlame: dontBlameOf(config.options),
    missingTablesAreEmpty,
    log: (priority, text) => log.write(priority === "debug" ? 10 : 4, { priority, text }),
  };
  const readText = (text: string) => readAliasText(text, (domain) => ourNames.has(domain)).entries;
  return config.aliasFiles.map((file) => openAliasSource(file, environment, readText));
}
