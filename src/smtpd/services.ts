/**
 * What an SMTP session asks of the rest of the server. Sessions share nothing else, so that they can move to worker
 * threads later (decision D6).
 */
import type { PortOptions } from "../config/config.ts";
import type { Intake } from "../reception/intake.ts";
import type { Court } from "../reception/judges.ts";
import type { SessionFilters } from "../reception/session-filters.ts";
import type { ListServices } from "../routing/list-members.ts";
import type { Site } from "../site/site.ts";
import type { Clock } from "../sys/clock.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { ServerTls } from "./server-tls.ts";

/** Who a client is, as far as the DNS knows (macros {client_name}, {client_ptr}, {client_resolve}). */
export interface ClientIdentity {
  /** A name whose addresses include the client's, else the address in brackets. */
  readonly name: string;
  /** The name that the address points to, whether it points back or not. */
  readonly ptr: string;
  readonly resolve: "OK" | "FAIL" | "FORGED" | "TEMP";
}

export interface SmtpServices extends Court, ListServices {
  /** The site in force; a session keeps the one it began with, a reload serves new sessions. */
  site(): Site;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly tls: ServerTls;
  /** The mail filters for sessions of this port; absent, or undefined: none are asked. */
  filters?(site: Site, port: PortOptions): SessionFilters | undefined;
  identify(site: Site, address: string): MaybePromise<ClientIdentity>;
  /** What our end of a connection is called ({if_name}); absent: as the host (-bs). */
  ownName?(site: Site, address: string): MaybePromise<string>;
  /** Free space and the like: undefined when mail can be taken, else the reason for a 452. */
  storageProblem(site: Site): string | undefined;
  /** Between queue runs (-q30m), ms. */
  readonly queueInterval?: number | undefined;
  /** Load average of the last minute. */
  load(): number;
  /** ETRN: makes mail for a host, "@domain" or "#group" due; returns how many messages wait. */
  startQueueRun(asked: string): MaybePromise<number>;
}
