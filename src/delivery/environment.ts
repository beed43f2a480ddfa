/** What delivery agents need from the rest of the server; one object per configuration. */
import type { Config } from "../config/config.ts";
import type { Resolver } from "../dns/resolver.ts";
import type { Log } from "../log/log.ts";
import type { Clock } from "../sys/clock.ts";
import type { Machine } from "../sys/machine.ts";
import type { MailboxDatabase } from "../sys/users.ts";
import type { UserWorkers } from "../sys/user-workers.ts";

export interface DeliveryEnvironment {
  readonly config: Config;
  readonly resolver: Resolver;
  readonly machine: Machine;
  readonly users: MailboxDatabase;
  /** Does mailbox, file and program work with a user's rights. */
  readonly workers: UserWorkers;
  readonly log: Log;
  readonly clock: Clock;
}
