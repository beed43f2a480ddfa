/** What sites share: the machine and the parts of the process that outlive them. */
import type { Resolver } from "../dns/resolver.ts";
import type { Log } from "../log/log.ts";
import type { Clock } from "../sys/clock.ts";
import type { Machine } from "../sys/machine.ts";

export interface SiteSurroundings {
  readonly machine: Machine;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly log: Log;
}
