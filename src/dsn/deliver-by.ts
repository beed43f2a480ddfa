/** What the sender hears about a message with BY= that has been passed on (RFC 2852 §4.1.4, §5). */
import type { Envelope } from "../envelope/envelope.ts";
import type { Recipient } from "../envelope/recipient.ts";
import type { RecipientStatus } from "../envelope/status.ts";

/**
 * "notify": the next host does not know BY=, so that nobody will tell about a delay in time. "trace": T asked for word of
 * each host. Undefined: nothing is said, or a report of success says more.
 */
export type DeliverByNotice = "notify" | "trace";

export function deliverByNotice(
  { deliverBy, isReport }: Pick<Envelope, "deliverBy" | "isReport">,
  { recipient, status }: { readonly recipient: Recipient; readonly status: RecipientStatus },
): DeliverByNotice | undefined {
  const { notify } = recipient;
  if (deliverBy === undefined || isReport || status.action !== "relayed") return undefined;
  if (notify?.includes("NEVER") === true) return undefined;
  if (notify?.includes("SUCCESS") === true && status.passedOn !== true) return undefined;
  if (deliverBy.mode === "notify" && status.deliverByPassedOn !== true) return "notify";
  return deliverBy.trace ? "trace" : undefined;
}
