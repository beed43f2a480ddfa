/**
 * What an SMTP session asks of the rest of the server. Sessions share nothing else, so that they can move to worker
 * threads later (DESIGN D6).
 */
import type { Config } from "../config/config.ts";
import type { Resolver } from "../dns/resolver.ts";
import type { Intake } from "../dispatch/intake.ts";
import type { Log } from "../log/log.ts";
import type { Clock } from "../sys/clock.ts";

export interface SmtpServices {
  /** The configuration in force; a session keeps the one it began with, a reload serves new sessions. */
  config(): Config;
  readonly intake: Intake;
  readonly resolver: Resolver;
  readonly log: Log;
  readonly clock: Clock;
  /** Free kilobytes and the like: undefined when mail can be taken, else the reason for a 452. */
  storageProblem(): string | undefined;
  /** ETRN: makes mail for this host due; returns false when nothing matches. */
  startQueueRun(host: string): boolean;
}
