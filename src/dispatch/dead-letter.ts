/**
 * The end of a report of ours that nobody can be given: not its recipient, not DoubleBounceAddress. It is appended to
 * DeadLetterDrop, as an alias appends to a file (with the rights of DefaultUser); without that option, or when the file cannot be
 * written, it stays in the queue, held, until somebody has looked at it. It is never thrown away, and never told of again.
 */
import type { Agents } from "../delivery/agents.ts";
import type { ReportedRecipient } from "../dsn/decide.ts";
import type { RecipientChange } from "../envelope/recipient.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import type { Log } from "../log/log.ts";
import type { Claim } from "../queue/queue.ts";
import type { Site } from "../site/site.ts";
import { deliveryScope } from "./deliveries.ts";
import type { Settlement } from "./settle.ts";

export interface LostReport {
  readonly site: Site<Agents>;
  readonly claim: Claim;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What is to be written, and the reason under which the message is held then. */
export type Kept = Pick<Settlement, "changes" | "unfinished"> & { readonly hold?: string };

/** @param lost recipients of the report whom nobody can be told of */
export async function keepLostReport(
  report: LostReport,
  { changes, unfinished }: Settlement,
  lost: readonly ReportedRecipient[],
): Promise<Kept> {
  if (lost.length === 0) return { changes, unfinished };
  const { log, claim, site } = report;
  const { id } = claim.entry;
  const why = lost[0].status.text;
  const path = site.config.options.text("DeadLetterDrop");
  const saved = path === "" ? undefined : await append(report, path);
  if (saved?.action === "delivered") {
    log.write(3, { priority: "notice", id, text: `report saved in ${path}: ${why}` });
    return { changes, unfinished };
  }
  const problem = saved === undefined ? "" : `; cannot append to ${path}: ${saved.text}`;
  const hold = reasonToHold(lost);
  log.write(1, { priority: "warning", id, text: `held: ${hold}${problem}` });
  return { changes: stillWaiting(changes, lost), unfinished, hold };
}

export function reasonToHold([{ status }]: readonly ReportedRecipient[]): string {
  return `report that nobody can be given: ${status.text}`;
}

/** Those who are lost stay what they were before: open. */
export function stillWaiting(
  changes: readonly RecipientChange[],
  lost: readonly ReportedRecipient[],
): RecipientChange[] {
  const indexes = new Set(lost.map(({ index }) => index));
  return changes.map((change) => (indexes.has(change.index) ? { ...change, state: "deferred" } : change));
}

async function append({ site, claim, signal }: LostReport, path: string): Promise<RecipientStatus | undefined> {
  const { config, rules, agents } = site;
  const mailer = config.mailers.get("*file*");
  if (mailer === undefined) return undefined;
  const { envelope } = claim.entry;
  const triple = { mailer: mailer.name, host: "", user: path };
  const { statuses } = await agents.agentFor(mailer).deliver({
    envelope,
    mailer,
    host: "",
    recipients: [{ index: 0, recipient: { given: path, state: "todo" }, triple }],
    message: claim.message(),
    scope: deliveryScope(config, claim.entry),
    addresses: rules,
    signal,
  });
  return statuses.get(0);
}
