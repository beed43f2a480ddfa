/**
 * Who says whether a client is who it claims to be: what a server asks, whatever stands behind it (a file of passwords,
 * saslauthd, Dovecot). The ways to do it are in logins/.
 */
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { ConnectionFacts, ServerStep } from "./exchange.ts";

/** One AUTH command: from its mechanism to a yes or no. */
export interface LoginExchange {
  /** @param initial what came with the command; undefined: nothing did */
  begin(initial: Buffer | undefined): MaybePromise<ServerStep>;
  step(response: Buffer): MaybePromise<ServerStep>;
  /** The client has given up, or gone. */
  cancel(): void;
}

export interface Authenticator {
  /** Names of the mechanisms that can be served on such a connection, the strongest first; none while nobody can be asked. */
  mechanisms(connection: ConnectionFacts): MaybePromise<readonly string[]>;
  /** undefined: it cannot be served. */
  start(mechanism: string, connection: ConnectionFacts): LoginExchange | undefined;
  /** False once a user who was let in by this mechanism may not come any more. */
  isStillGood(user: string, mechanism: string): boolean;
  close(): void;
}
