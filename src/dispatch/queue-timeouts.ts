/** How long mail may wait: Timeout.queuereturn and .queuewarn with the suboption that fits (manual §4.1). */
import type { Config } from "../config/config.ts";
import { deadlineOf } from "../envelope/deliver-by.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { findField, unfold } from "../mail/header.ts";

/** Milliseconds, 0 for no limit: suboption dsn for reports, else by Priority:. */
export function queueTimeout(config: Config, name: "queuereturn" | "queuewarn", envelope: Envelope): number {
  return config.options.timeout(`${name}.${urgency(envelope)}`);
}

/**
 * How long a message waits at least after it was tried, ms: MinQueueAge; with MaxQueueAge as long again as it had waited then, up
 * to that.
 */
export function leastWait({ options }: Config, arrived: number, lastTry: number): number {
  const youngest = options.time("MinQueueAge");
  const oldest = options.time("MaxQueueAge");
  return oldest > 0 ? Math.min(oldest, Math.max(lastTry - arrived, youngest)) : youngest;
}

/** When the sender of a message that stays undelivered hears of it next, ms since the epoch; Infinity: never. */
export function nextNotice(config: Config, envelope: Envelope): number {
  const { arrived, warnedAt, deliverBy } = envelope;
  const times = [after(arrived, queueTimeout(config, "queuereturn", envelope))];
  if (warnedAt === undefined) times.push(after(arrived, queueTimeout(config, "queuewarn", envelope)));
  const isOpen =
    deliverBy?.mode === "return" || (warnedAt === undefined && deliverBy !== undefined && deliverBy.seconds > 0);
  if (isOpen) times.push(deadlineOf(envelope)!);
  return Math.min(...times);
}

/** A time is over when more than it has passed. */
function after(arrived: number, time: number): number {
  return time > 0 ? arrived + time + 1 : Infinity;
}

function urgency(envelope: Envelope): "normal" | "urgent" | "non-urgent" | "dsn" {
  if (envelope.isReport) return "dsn";
  const field = findField(envelope.headers, "Priority");
  const value = field === undefined ? "" : unfold(field.value).toLowerCase();
  return value === "urgent" || value === "non-urgent" ? value : "normal";
}
