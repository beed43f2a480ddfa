/**
 * Bcc: and Resent-Bcc: go, whoever hands the message in, as with sendmail: not every program that submits by SMTP takes them
 * out. One stays, empty, where no other field names a recipient (RFC 5322 §3.6.3).
 */
import type { HeaderField } from "../mail/header.ts";

const HIDDEN = /^(?:resent-)?bcc$/i;
const OPEN = /^(?:(?:resent-)?(?:to|cc)|apparently-to)$/i;

export function withoutHidden(fields: readonly HeaderField[]): readonly HeaderField[] {
  if (!fields.some(({ name }) => HIDDEN.test(name))) return fields;
  const open = fields.some(({ name }) => OPEN.test(name));
  return fields.flatMap((field) => {
    if (!HIDDEN.test(field.name)) return [field];
    return open ? [] : [{ name: field.name, value: "" }];
  });
}
