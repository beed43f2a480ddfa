/** How long mail may wait: Timeout.queuereturn and .queuewarn with the suboption that fits (manual §4.1). */
import type { Config } from "../config/config.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { findField, unfold } from "../mail/header.ts";

/** Milliseconds, 0 for no limit: suboption dsn for reports, else by Priority:. */
export function queueTimeout(config: Config, name: "queuereturn" | "queuewarn", envelope: Envelope): number {
  return config.options.timeout(`${name}.${urgency(envelope)}`);
}

function urgency(envelope: Envelope): "normal" | "urgent" | "non-urgent" | "dsn" {
  if (envelope.isReport) return "dsn";
  const field = findField(envelope.headers, "Priority");
  const value = field === undefined ? "" : unfold(field.value).toLowerCase();
  return value === "urgent" || value === "non-urgent" ? value : "normal";
}
