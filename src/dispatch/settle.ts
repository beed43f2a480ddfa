/**
 * Reports into decisions: who is done, who is tried again and when, whose time is up, who hears about it.
 *
 * Pure: it returns what is to be written and what is to be told; attempt.ts does both, in an order that loses nothing.
 */
import type { Config } from "../config/config.ts";
import type { ReportedRecipient } from "../dsn/decide.ts";
import { isLate, isTooLate, tooLateText } from "../envelope/deliver-by.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { RecipientChange } from "../envelope/recipient.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import { withTries } from "../envelope/tries.ts";
import { durationInWords } from "../mail/date.ts";
import type { QueueEntry } from "../queue/queue.ts";
import { queueTimeout } from "./queue-timeouts.ts";

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
  const tooLate = isTooLate(envelope, now);
  const isDue = (patience > 0 && age > patience) || isLate(envelope, now);
  const warn = isDue && envelope.warnedAt === undefined && !expired;
  const changes: RecipientChange[] = [];
  const failed: ReportedRecipient[] = [];
  const delayed: ReportedRecipient[] = [];
  const delivered: ReportedRecipient[] = [];
  let unfinished = false;
  for (const [index, outcome] of statuses) {
    const recipient = envelope.recipients[index];
    const status: RecipientStatus =
      outcome.action !== "delayed"
        ? outcome
        : withTries(
            recipient.status,
            tooLate ? returned(envelope, outcome) : expired ? timedOut(outcome, lifetime) : outcome,
            envelope.recipients.length,
          );
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

/** RFC 2852 §4.1.4: the time of BY= with R. */
function returned({ deliverBy }: Envelope, outcome: RecipientStatus): RecipientStatus {
  return { ...outcome, action: "failed", status: "5.4.7", text: tooLateText(deliverBy!), lastText: outcome.text };
}

function timedOut(outcome: RecipientStatus, lifetime: number): RecipientStatus {
  return {
    ...outcome,
    action: "failed",
    status: "4.4.7",
    text: `Cannot send message for ${durationInWords(lifetime)}`,
    lastText: outcome.text,
  };
}
