/** A message of the log in one line, for people and for machines. Text is octets, as in the log. */
import type { LoggedMessage, LoggedRecipient, Refusal } from "../../log/message-index.ts";
import { address } from "../queue/words.ts";
import { clockText, dateText } from "./when.ts";

/** Recipients that one line names. */
const MOST_NAMED = 5;

/** "2026-12-01 18:56:32 5AKJ3Crx012345 <a@b> -> <c@d> sent; <e@f> deferred: Connection refused" */
export function lineOf(message: LoggedMessage): string {
  const { id = "-", first, from, recipients, refusals, isDiscarded, quarantine } = message;
  const parts = [
    ...(isDiscarded ? ["discarded"] : []),
    ...(quarantine === undefined ? [] : [`quarantined: ${quarantine}`]),
    ...refusals.map(refusalText),
    ...[...recipients.values()].map((recipient) => `${address(recipient.to)} ${outcomeText(recipient)}`),
  ];
  if (parts.length === 0) parts.push("nothing more is known");
  const sender = from === undefined ? "" : ` ${senderText(from.from)} ->`;
  return `${dateText(first)} ${clockText(first)} ${id}${sender} ${listed(parts)}`;
}

function listed(parts: readonly string[]): string {
  const more = parts.length - MOST_NAMED;
  return more > 0 ? `${parts.slice(0, MOST_NAMED).join("; ")}; and ${more} more` : parts.join("; ");
}

/** "<a@b>", "<>", "joe". */
export function senderText(from: string): string {
  return from === "" ? "<>" : address(from);
}

/** "sent", "deferred: Connection refused (3 attempts)". */
export function outcomeText({ last, attempts }: Pick<LoggedRecipient, "last" | "attempts">): string {
  const tries = attempts > 1 ? ` (${attempts} attempts)` : "";
  const { outcome } = last;
  if (outcome === "sent" || outcome === "queued") return `${outcome}${tries}`;
  return `${outcome}: ${last.stat.replace(/^Deferred: /, "")}${tries}`;
}

/** "refused by check_rcpt for host.b [192.0.2.1]: <x@y>: 550 5.7.1 Relaying denied" */
export function refusalText({ by, about, relay, verdict, text }: Refusal): string {
  const what = { reject: "refused", discard: "thrown away", quarantine: "put aside" }[verdict];
  const whose = relay === "" ? "" : ` for ${relay}`;
  return [`${what} by ${by}${whose}`, about, text].filter((part) => part !== "").join(": ");
}

/** As JSON. */
export function documentOf(message: LoggedMessage) {
  const { id, first, last, from, recipients, refusals, isDiscarded, quarantine } = message;
  const { kind: _kind, ...arrival } = from ?? { kind: undefined };
  return {
    id: id ?? null,
    first: isoTime(first),
    last: isoTime(last),
    ...arrival,
    recipients: [...recipients.values()].map(({ to, time, attempts, last: facts }) => ({
      to,
      time: isoTime(time),
      attempts,
      ...facts,
    })),
    refusals: refusals.map(({ time, ...refusal }) => ({ time: isoTime(time), ...refusal })),
    discarded: isDiscarded,
    quarantine: quarantine ?? null,
  };
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
