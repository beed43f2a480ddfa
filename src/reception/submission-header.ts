/**
 * The header of a submitted message before what is missing is added: hidden recipients go, the name of the sender is
 * taken out of its field. Blanks between recipients become commas when the field is sent (delivery/header-addresses.ts).
 */
import { fullNamePhrase } from "../mail/full-name.ts";
import { findField, type HeaderField, isField, unfold } from "../mail/header.ts";

const HIDDEN = /^(?:resent-)?bcc$/i;
const OPEN = /^(?:(?:resent-)?(?:to|cc)|apparently-to)$/i;

export function submittedFields(fields: readonly HeaderField[]): readonly HeaderField[] {
  const open = fields.some(({ name }) => OPEN.test(name));
  return fields.flatMap((field) => {
    // RFC 5322 §3.6.3: the field may say that there were recipients, when no other field does.
    if (HIDDEN.test(field.name)) return open ? [] : [{ name: field.name, value: "" }];
    return isField(field, "Full-Name") ? [{ ...field, flags: "x" }] : [field];
  });
}

/** The name that a field Full-Name: gives, as a phrase. */
export function namedInHeader(fields: readonly HeaderField[]): string | undefined {
  const field = findField(fields, "Full-Name");
  const name = field === undefined ? "" : unfold(field.value);
  return name === "" ? undefined : fullNamePhrase(name);
}
