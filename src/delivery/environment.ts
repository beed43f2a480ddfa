/** What delivery agents need from the rest of the server; one object per configuration. */
import type { LinePolicies } from "../authentication/policy/line-policy.ts";
import type { Config } from "../config/config.ts";
import type { NameSources } from "../dns/names.ts";
import type { Log } from "../log/log.ts";
import type { Statistics } from "../log/statistics.ts";
import type { MailRules } from "../routing/mail-rules.ts";
import type { Clock } from "../sys/clock.ts";
import type { MailboxDatabase } from "../sys/users.ts";
import type { Destinations } from "./smtp/destinations.ts";
import type { UserWorkers } from "../rights/task.ts";

export interface DeliveryEnvironment {
  /** What rulesets say about servers: try_tls, tls_server, tls_rcpt, authinfo ...; absent: none are asked. */
  readonly rules?: Pick<MailRules, "check" | "select" | "text">;
  readonly config: Config;
  readonly names: NameSources;
  readonly users: MailboxDatabase;
  /** Does mailbox, file and program work with a user's rights. */
  readonly workers: UserWorkers;
  /** How much goes on with each destination, whatever the configuration was when it began. */
  readonly destinations: Destinations;
  readonly log: Log;
  /** Counts connections. */
  readonly statistics?: Pick<Statistics, "connection">;
  readonly clock: Clock;
  /** What destinations publish about their connections (DANE, MTA-STS); absent: nobody is asked. */
  readonly line?: LinePolicies;
}
