/** Header fields that hold addresses. */

/** Fields whose addresses are rewritten, and whose they are (RFC 5322 §3.6, and older fields that carry addresses). */
const ROLES: ReadonlyMap<string, "sender" | "recipient"> = new Map([
  ...[
    "from",
    "sender",
    "reply-to",
    "resent-from",
    "resent-sender",
    "resent-reply-to",
    "errors-to",
    "return-receipt-to",
    "disposition-notification-to",
    "apparently-from",
  ].map((name) => [name, "sender"] as const),
  ...["to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc", "apparently-to"].map(
    (name) => [name, "recipient"] as const,
  ),
]);

/** Undefined for fields whose addresses, if they have any, are nobody's business. */
export function addressRole(fieldName: string): "sender" | "recipient" | undefined {
  return ROLES.get(fieldName) ?? ROLES.get(fieldName.toLowerCase());
}

/** True for lists of addresses by their names, `Mail-Followup-To` and the like included. */
export function holdsAddresses(fieldName: string): boolean {
  return /(?:^|-)(?:to|cc|bcc|from|sender)$/i.test(fieldName) && !/^in-reply-to$/i.test(fieldName);
}
