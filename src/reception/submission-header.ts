/**
 * The header of a submitted message before what is missing is added: hidden recipients go (hidden-recipients.ts), and the name
 * of the sender is taken out of its field. Blanks between recipients become commas when the field is sent (delivery/header-addresses.ts).
 */
import { fullNamePhrase } from "../mail/full-name.ts";
import { findField, type HeaderField, isField, unfold } from "../mail/header.ts";
import { withoutHidden } from "./hidden-recipients.ts";

export function submittedFields(fields: readonly HeaderField[]): readonly HeaderField[] {
  return withoutHidden(fields).map((field) => (isField(field, "Full-Name") ? { ...field, flags: "x" } : field));
}

/** The name that a field Full-Name: gives, as a phrase. */
export function namedInHeader(fields: readonly HeaderField[]): string | undefined {
  const field = findField(fields, "Full-Name");
  const name = field === undefined ? "" : unfold(field.value);
  return name === "" ? undefined : fullNamePhrase(name);
}
