/** Where SMTP sessions work, as the server sees it: in its own thread (sessions-here.ts) or in another (sessions/threaded-sessions.ts). */
import type { SenderEvidence } from "../authentication/evidence.ts";
import type { PortOptions } from "../config/config.ts";
import type { DeliverySite } from "../dispatch/attempt.ts";
import type { Log } from "../log/log.ts";
import type { Clock } from "../sys/clock.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { BoundPort } from "./bound-ports.ts";
import type { Listeners, OpenPort } from "./listeners.ts";
import type { FellowReader } from "./reopen.ts";
import type { RootDoor } from "./root-door.ts";

export interface SessionHost extends FellowReader {
  /** Before anything is opened. */
  begin(listeners: Listeners): Promise<void>;
  /** @throws when the port cannot be opened, in words that help */
  open(port: PortOptions): Promise<OpenPort>;
  /** What was prepared (reopen.ts) is in force. */
  adopt(): Promise<void>;
  /** The server ends: what fails from now on is no surprise. */
  stop(): void;
  close(): Promise<void>;
  /** Resolves with the reason when there can be no sessions any more. */
  readonly failed: Promise<string>;
}

/** What needs other rights than the server has. */
export interface Openings {
  take(port: PortOptions): BoundPort | undefined;
  readonly door?: RootDoor | undefined;
}

export interface SessionHostParts {
  /** The one in force. */
  readonly site: () => DeliverySite;
  readonly clock: Clock;
  readonly log: Log;
  readonly openings: Openings | undefined;
  /** Milliseconds of `-q30m`; undefined without. */
  readonly queueInterval: number | undefined;
  /** ETRN: how many messages wait. */
  readonly startQueueRun: (asked: string) => MaybePromise<number>;
  /** Hears what was known of who sent a message. */
  readonly heard: (evidence: SenderEvidence, at: Date) => void;
}
