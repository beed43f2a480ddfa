/**
 * The three ways a recipient's delivery ends, as the log, mailq and reports show them: sent, deferred, failed.
 *
 * Texts follow sendmail's `stat=` (log analysers read them); codes follow RFC 3463.
 */
import type { RecipientStatus } from "../envelope/status.ts";
import { EX } from "../sys/sysexits.ts";
import type { Job, Report } from "./agent.ts";

/** Facts that go with an outcome. */
export interface OutcomeDetails {
  readonly diagnostic?: RecipientStatus["diagnostic"];
  readonly remoteMta?: string;
  readonly relay?: string;
  readonly exit?: number;
}

/** An outcome before it gets its time. */
export type Outcome = Omit<RecipientStatus, "at">;

/** @param answer what the receiver said about it, shown in brackets */
export function sent(action: "delivered" | "relayed", answer: string, details: OutcomeDetails = {}): Outcome {
  return { action, status: "2.0.0", text: answer === "" ? "Sent" : `Sent (${answer})`, ...details };
}

/** Tried again later. `reason` may already begin with "Deferred". */
export function deferred(status: string, reason: string, details: OutcomeDetails = {}): Outcome {
  const text = reason === "" ? "Deferred" : reason.startsWith("Deferred") ? reason : `Deferred: ${reason}`;
  return { action: "delayed", status, text, ...details };
}

export function failed(status: string, text: string, details: OutcomeDetails = {}): Outcome {
  return { action: "failed", status, text, ...details };
}

/** The same outcome for every recipient of a job. */
export function reportForAll(job: Job, outcome: Outcome, at: number): Report {
  const status: RecipientStatus = { ...outcome, at };
  return { statuses: new Map(job.recipients.map(({ index }) => [index, status])) };
}

/** What an exit code of a mailer means: sysexits → code and text; the temporary ones are EX_TEMPFAIL and machine trouble. */
const EXITS: ReadonlyMap<number, readonly [status: string, text: string]> = new Map([
  [EX.USAGE, ["5.0.0", "Command line usage error"]],
  [EX.DATAERR, ["5.6.0", "Data format error"]],
  [EX.NOINPUT, ["5.3.0", "Cannot open input"]],
  [EX.NOUSER, ["5.1.1", "User unknown"]],
  [EX.NOHOST, ["5.1.2", "Host unknown"]],
  [EX.UNAVAILABLE, ["5.0.0", "Service unavailable"]],
  [EX.SOFTWARE, ["5.3.0", "Internal error"]],
  [EX.OSERR, ["4.0.0", "Operating system error"]],
  [EX.OSFILE, ["5.3.0", "System file missing"]],
  [EX.CANTCREAT, ["5.0.0", "Can't create output"]],
  [EX.IOERR, ["4.0.0", "I/O error"]],
  [EX.TEMPFAIL, ["4.0.0", ""]],
  [EX.PROTOCOL, ["5.5.0", "Remote protocol error"]],
  [EX.NOPERM, ["5.0.0", "Insufficient permission"]],
  [EX.CONFIG, ["5.3.5", "Local configuration error"]],
] as const);

/** The text of an exit code ("User unknown"), or undefined when it is not one of sysexits. */
export function exitText(exit: number): string | undefined {
  return EXITS.get(exit)?.[1];
}

/** An exit code other than 0 as an outcome. */
export function fromExit(exit: number, details: OutcomeDetails = {}): Outcome {
  const known = EXITS.get(exit);
  if (known === undefined) return failed("5.3.0", `unknown mailer error ${exit}`, { exit, ...details });
  const [status, text] = known;
  return status.startsWith("4.")
    ? deferred(status, text, { exit, ...details })
    : failed(status, text, { exit, ...details });
}
