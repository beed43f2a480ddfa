/** What the main thread and the thread of the sessions ask each other. All of it is plain data. */
import type { SenderEvidence } from "../../authentication/evidence.ts";
import type { PortOptions } from "../../config/config.ts";
import type { CommandLineSetting } from "../../config/environment.ts";
import type { Rights } from "../../envelope/recipient.ts";
import type { LogLine } from "../../log/log.ts";
import type { Counts } from "../../log/statistics.ts";
import type { TextRange, TrustedPart, TrustedText } from "../../mailbox/trusted-text.ts";
import type { LentQueue } from "../../queue/distant-queue.ts";
import type { Arrival } from "../../reception/arrival.ts";
import type { SessionFacts } from "../../reception/session-facts.ts";
import type { FileQuestion } from "../../routing/user-files.ts";
import type { Machine } from "../../sys/machine.ts";

/** Where a configuration comes from. */
export interface ThreadStart {
  readonly configFile: string;
  readonly settings: readonly CommandLineSetting[];
  readonly machine: Machine;
}

/** Files that only root may read, as they cross. */
export type SealedOctets = ReadonlyMap<string, Uint8Array>;

export interface SiteAnswer {
  readonly isOpen: boolean;
  /** What is wrong with the configuration. */
  readonly messages: readonly string[];
}

export interface OpenedPort {
  readonly address: string;
  readonly boundPort: number;
}

/** The rest of the server, as far as sessions need it. */
export interface Beginning {
  readonly queue: LentQueue;
  readonly queueInterval: number | undefined;
  /** Somebody can be asked for files that only root may read. */
  readonly hasDoor: boolean;
}

/** The thread is asked. Ports are known by a number that the main thread gives them. */
export interface ToThread {
  /** Binds ports; for each the reason when it cannot be, and remarks about sockets that were given and nobody wants. */
  bind: readonly [
    { readonly ports: readonly PortOptions[]; readonly environment: Readonly<Record<string, string>> },
    { readonly problems: readonly (PortProblem | undefined)[]; readonly remarks: readonly string[] },
  ];
  /** Opens the first site, or the next one. */
  prepare: readonly [{ readonly start: ThreadStart; readonly sealed: SealedOctets | undefined }, SiteAnswer];
  /** The site that was prepared is in force (true), or is not wanted. */
  adopt: readonly [boolean, undefined];
  begin: readonly [Beginning, undefined];
  /** Serves a port. @remarks `fd` a socket that listens already and belongs to the thread from now on */
  open: readonly [
    { readonly number: number; readonly port: PortOptions; readonly at?: PortOptions; readonly fd?: number },
    OpenedPort,
  ];
  change: readonly [{ readonly number: number; readonly port: PortOptions }, undefined];
  facts: readonly [number, readonly SessionFacts[]];
  close: readonly [{ readonly number: number; readonly grace: number }, undefined];
  /** Everything that is left to say is said. */
  end: readonly [undefined, undefined];
}

export interface PortProblem {
  readonly message: string;
  readonly code?: string | undefined;
  readonly syscall?: string | undefined;
}

/** The main thread is asked. */
export interface ToMain {
  /** A complete message. Answered when it is on stable storage and its sender may be told. */
  take: readonly [{ readonly arrival: Arrival; readonly octets?: Uint8Array }, undefined];
  newId: readonly [undefined, string];
  startQueueRun: readonly [string, number];
  readByRoot: readonly [readonly string[], SealedOctets];
  readFile: readonly [{ readonly reader: Rights; readonly question: FileQuestion }, TrustedText];
  readPart: readonly [
    { readonly reader: Rights; readonly question: Omit<FileQuestion, "limit">; readonly range: TextRange },
    TrustedPart,
  ];
  log: readonly [{ readonly level: number; readonly line: Omit<LogLine, "fields"> }, undefined];
  count: readonly [Counts, undefined];
  /** What was known of who sent a message, where reports count it. */
  evidence: readonly [{ readonly evidence: SenderEvidence; readonly at: Date }, undefined];
}
