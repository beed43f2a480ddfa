/**
 * Reports into decisions: who is done, who is tried again and when, whose time is up, who hears about it.
 *
 * Pure: it returns what is to be written and what is to be told; attempt.ts does both, in an order that loses nothing.
 */
import type { Config } from "../config/config.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { findField, unfold } from "../mail/header.ts";
import type { Recipient, RecipientChange } from "../envelope/recipient.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import type { QueueEntry } from "../queue/queue.ts";

export interface Settlement {
  readonly changes: readonly RecipientChange[];
  /** Recipients with a final or first late outcome that somebody may have to hear of, in their new state. */
  readonly failed: readonly ReportedRecipient[];
  readonly delayed: readonly ReportedRecipient[];
  readonly delivered: readonly ReportedRecipient[];
  /** True when recipients are left to be tried again. */
  readonly unfinished: boolean;
  /** Set when the warning about a delay is due now. */
  readonly warnedAt?: number;
}

export interface ReportedRecipient {
  readonly index: number;
  readonly recipient: Recipient;
  readonly status: RecipientStatus;
}

/**
 * @param statuses outcome of this attempt by recipient index
 * @param now milliseconds since the epoch
 */
export function decide(
  config: Config,
  entry: QueueEntry,
  statuses: ReadonlyMap<number, RecipientStatus>,
  now: number,
): Settlement {
  const { envelope } = entry;
  const age = now - envelope.arrived;
  const lifetime = queueTimeout(config, "queuereturn", envelope);
  const patience = queueTimeout(config, "queuewarn", envelope);
  const expired = lifetime > 0 && age > lifetime;
  const warn = patience > 0 && age > patience && envelope.warnedAt === undefined && !expired;
  const changes: RecipientChange[] = [];
  const failed: ReportedRecipient[] = [];
  const delayed: ReportedRecipient[] = [];
  const delivered: ReportedRecipient[] = [];
  let unfinished = false;
  for (const [index, outcome] of statuses) {
    const recipient = envelope.recipients[index];
    const late = outcome.action === "delayed" && expired;
    const status: RecipientStatus = late ? timedOut(outcome, lifetime) : outcome;
    const reported = { index, recipient, status };
    if (status.action === "failed") {
      changes.push({ index, state: "failed", status });
      failed.push(reported);
    } else if (status.action === "delayed") {
      changes.push({ index, state: "deferred", status });
      unfinished = true;
      if (warn) delayed.push(reported);
    } else {
      changes.push({ index, state: "delivered", status });
      delivered.push(reported);
    }
  }
  return { changes, failed, delayed, delivered, unfinished, warnedAt: warn ? now : undefined };
}

function timedOut(outcome: RecipientStatus, lifetime: number): RecipientStatus {
  return {
    ...outcome,
    action: "failed",
    status: "4.4.7",
    text: `Cannot send message for ${days(lifetime)}`,
  };
}

function days(ms: number): string {
  const hours = Math.round(ms / 3_600_000);
  if (hours >= 24 && hours % 24 === 0) return hours === 24 ? "1 day" : `${hours / 24} days`;
  if (hours >= 1) return hours === 1 ? "1 hour" : `${hours} hours`;
  return `${Math.max(1, Math.round(ms / 60_000))} minutes`;
}

/** Timeout.queuereturn or .queuewarn with the suboption that fits: dsn for reports, else by Priority:. */
function queueTimeout(config: Config, name: "queuereturn" | "queuewarn", envelope: Envelope): number {
  return config.options.timeout(`${name}.${urgency(envelope)}`);
}

function urgency(envelope: Envelope): string {
  if (envelope.isReport) return "dsn";
  const field = findField(envelope.headers, "Priority");
  const value = field === undefined ? "" : unfold(field.value).toLowerCase();
  return value === "urgent" || value === "non-urgent" ? value : "normal";
}
