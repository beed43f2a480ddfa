/**
 * Everything that hangs on one configuration file: the Config, the router over its rulesets, aliases, users, delivery
 * agents. Built as a whole, swapped as a whole (promise 5 of docs/architecture.md).
 */
import { withOrigins } from "../cf/message-origins.ts";
import type { Config } from "../config/config.ts";
import type { CommandLineSetting, ConfigEnvironment } from "../config/environment.ts";
import { loadConfig } from "../config/load.ts";
import { type Agents, createAgents } from "../delivery/agents.ts";
import type { DeliveryNames } from "../dispatch/attempt.ts";
import { type NameSources, openNames } from "../dns/names.ts";
import type { Resolver } from "../dns/resolver.ts";
import type { Log } from "../log/log.ts";
import { openAliasDatabases } from "./alias-sources.ts";
import type { AliasDatabase } from "../maps/alias-source.ts";
import { createAliases } from "../routing/aliases.ts";
import { createRouter } from "../routing/resolve.ts";
import type { Router } from "../routing/router.ts";
import type { Diagnostic } from "../source/diagnostic.ts";
import { originsOf } from "../source/source-map.ts";
import type { Clock } from "../sys/clock.ts";
import { groupId } from "../sys/groups.ts";
import type { Machine } from "../sys/machine.ts";
import { ConfiguredUsers } from "../sys/mailbox-database.ts";
import type { UserWorkers } from "../sys/user-workers.ts";
import type { MailboxDatabase } from "../sys/users.ts";

/** What configurations share: the machine and the parts of the process that outlive them. */
export interface Surroundings {
  readonly machine: Machine;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly log: Log;
  readonly workers: UserWorkers;
}

/** {opMode} of a server, in the background or the foreground. */
export const SERVING = "d";

export interface Configuration {
  readonly config: Config;
  readonly router: Router;
  readonly names: DeliveryNames;
  readonly hosts: NameSources;
  /** In the order of AliasFile: what newaliases rebuilds. */
  readonly aliasDatabases: readonly AliasDatabase[];
  /** Closes maps, agents and connections of this configuration. */
  close(): Promise<void>;
}

export type OpenedConfiguration =
  | {
      readonly kind: "opened";
      readonly configuration: Configuration;
      readonly messages: readonly string[];
      /** 0, or the status of errors in the file that sendmail starts in spite of. */
      readonly exit: number;
    }
  | {
      readonly kind: "failed";
      readonly messages: readonly string[];
      readonly diagnostics: readonly Diagnostic[];
      readonly exit: number;
    };

/**
 * @param settings -O, -o and -M of the command line
 * @param opMode the letter of -b, which rules ask for as {opMode}
 */
export async function openConfiguration(
  file: string,
  settings: readonly CommandLineSetting[],
  surroundings: Surroundings,
  opMode: string,
): Promise<OpenedConfiguration> {
  const { machine, resolver, clock, log } = surroundings;
  const users = new ConfiguredUsers(clock);
  const environment: ConfigEnvironment = { machine, resolver, clock, log, users, group: groupId, settings, opMode };
  const loaded = await loadConfig(file, environment);
  const { config, diagnostics, exit } = loaded;
  const messages = loaded.messages.length === 0 ? [] : withOrigins(loaded.messages, file, originsOf(file));
  if (config === undefined) return { kind: "failed", messages, diagnostics, exit };
  users.choose(config.options.text("MailboxDatabase"));
  return { kind: "opened", configuration: assemble(config, users, surroundings), messages, exit };
}

function assemble(config: Config, users: MailboxDatabase, surroundings: Surroundings): Configuration {
  const { log, machine, resolver, clock } = surroundings;
  const router = createRouter(config, (text) => log.write(9, { priority: "info", text }));
  const aliasDatabases = openAliasDatabases(config, users, surroundings);
  const hosts = openNames(machine, resolver, { clock });
  const agents: Agents = createAgents({ ...surroundings, config, users, names: hosts });
  const names: DeliveryNames = {
    config,
    router,
    users,
    aliases: createAliases(aliasDatabases),
    agentFor: (mailer) => agents.agentFor(mailer),
    dontBlame: wordsOf(config.options.text("DontBlameSendmail")),
  };
  return {
    config,
    router,
    names,
    hosts,
    aliasDatabases,
    async close() {
      await agents.close();
      for (const database of aliasDatabases) database.close();
      config.close();
    },
  };
}

export function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.split(/[\s,]+/).filter((word) => word !== ""));
}
