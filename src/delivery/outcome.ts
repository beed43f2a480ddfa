/**
 * The three ways a recipient's delivery ends, as the log, mailq and reports show them: sent, deferred, failed.
 *
 * Texts follow sendmail's `stat=` (log analysers read them); codes follow RFC 3463.
 */
import { exitMeaning } from "../envelope/exit-meaning.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import type { Job, Report } from "./agent.ts";

/** Facts that go with an outcome. */
export interface OutcomeDetails {
  readonly diagnostic?: RecipientStatus["diagnostic"];
  readonly asked?: string;
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

/** Of two reasons why no host took the message: one that may pass keeps it in the queue. */
export function worse(before: Outcome | undefined, after: Outcome): Outcome {
  return before !== undefined && before.action === "delayed" && after.action === "failed" ? before : after;
}

/** An accident with one recipient must not make those before him undelivered again. */
export async function withoutAccidents(deliver: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await deliver();
  } catch (error) {
    return deferred("4.3.0", error instanceof Error ? error.message : String(error));
  }
}

/** The same outcome for every recipient of a job. */
export function reportForAll(job: Job, outcome: Outcome, at: number): Report {
  const status: RecipientStatus = { ...outcome, at };
  return { statuses: new Map(job.recipients.map(({ index }) => [index, status])) };
}

/** An exit code other than 0 as an outcome; the temporary ones are EX_TEMPFAIL and trouble of the machine. */
export function fromExit(exit: number, details: OutcomeDetails = {}): Outcome {
  const { status, text } = exitMeaning(exit);
  return status.startsWith("4.")
    ? deferred(status, text, { exit, ...details })
    : failed(status, text, { exit, ...details });
}
