/** What delivery agents need from the rest of the server; one object per configuration. */
import type { Config } from "../config/config.ts";
import type { NameSources } from "../dns/names.ts";
import type { Log } from "../log/log.ts";
import type { Clock } from "../sys/clock.ts";
import type { MailboxDatabase } from "../sys/users.ts";
import type { UserWorkers } from "../rights/task.ts";

export interface DeliveryEnvironment {
  readonly config: Config;
  readonly names: NameSources;
  readonly users: MailboxDatabase;
  /** Does mailbox, file and program work with a user's rights. */
  readonly workers: UserWorkers;
  readonly log: Log;
  readonly clock: Clock;
}
