/**
 * O RrtImpliesDsn: the field Return-Receipt-To: of old asks for a report of success. It goes to the sender, as all reports do
 * (RFC 3461 §4), not to whom the field names; the field itself goes no further, so that nobody answers it once more.
 */
import type { Recipient } from "../envelope/recipient.ts";
import { type HeaderField, isField } from "../mail/header.ts";
import type { Notify } from "../mail/notify.ts";

const EVERYTHING: readonly Notify[] = ["SUCCESS", "FAILURE", "DELAY"];

export interface Receipts {
  /** The header without the field. */
  readonly fields: readonly HeaderField[];
  /** The recipients with the wish; what NOTIFY= says counts more. */
  readonly recipients: Recipient[];
}

export function askForReceipts(fields: readonly HeaderField[], recipients: Recipient[]): Receipts {
  const rest = fields.filter((field) => !isField(field, "Return-Receipt-To"));
  if (rest.length === fields.length) return { fields, recipients };
  return { fields: rest, recipients: recipients.map((each) => ({ ...each, notify: each.notify ?? EVERYTHING })) };
}
