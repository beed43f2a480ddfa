/** What sites share: the machine and the parts of the process that outlive them; and what a configuration may ask of it. */
import type { ConfigEnvironment } from "../config/environment.ts";
import type { Resolver } from "../dns/resolver.ts";
import type { Log } from "../log/log.ts";
import type { Statistics } from "../log/statistics.ts";
import type { Clock } from "../sys/clock.ts";
import { groupId } from "../sys/groups.ts";
import { ConfiguredUsers } from "../sys/mailbox-database.ts";
import type { LastGood } from "../sys/last-good.ts";
import type { Machine } from "../sys/machine.ts";

export interface SiteSurroundings {
  readonly machine: Machine;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly log: Log;
  /** Where sites count mail; absent: each for itself. */
  readonly statistics?: Statistics;
  /** What sites before have read of files with secrets; absent: nothing is known of before. */
  readonly lastGood?: LastGood;
}

export interface SystemEnvironment extends ConfigEnvironment {
  /** To be told the option MailboxDatabase when the configuration has been read. */
  readonly users: ConfiguredUsers;
}

/** Whoever reads a configuration, the server, a command or test mode, asks this machine the same about users and groups. */
export function environmentIn({ machine, resolver, clock, log, lastGood }: SiteSurroundings): SystemEnvironment {
  const system = { machine, resolver, clock, log, users: new ConfiguredUsers(clock), group: groupId };
  return lastGood === undefined ? system : { ...system, lastGood };
}
