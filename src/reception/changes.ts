/** What a judge may want changed beside saying yes or no. Transaction.apply() does it. */
import type { Recipient } from "../envelope/recipient.ts";
import { type HeaderField, isField } from "../mail/header.ts";

export interface Changes {
  /** Macros of the transaction, for the rulesets that come later; undefined clears one. */
  readonly macros?: Iterable<readonly [name: string, value: string | undefined]>;
  /** What the judge found out, kept under its name. */
  readonly evidence?: unknown;
  /** The recipients that the message shall have, made of those that it has. */
  readonly recipients?: (before: readonly Recipient[]) => Recipient[];
  readonly header?: readonly HeaderEdit[];
}

export type HeaderEdit =
  /** Behind all fields, or in front of the field at this place (0: the first). */
  | { readonly kind: "add"; readonly field: HeaderField; readonly before?: number }
  /** The field that is the n-th of its name, from 1; without a value it is taken out. */
  | { readonly kind: "replace"; readonly name: string; readonly occurrence: number; readonly value?: string }
  /** All of these are taken out; there may be thousands. */
  | { readonly kind: "remove"; readonly isUnwanted: (field: HeaderField) => boolean };

export function editHeader(fields: readonly HeaderField[], edits: readonly HeaderEdit[]): readonly HeaderField[] {
  let edited = [...fields];
  for (const edit of edits) {
    if (edit.kind === "add") edited.splice(edit.before ?? edited.length, 0, edit.field);
    else if (edit.kind === "remove") edited = edited.filter((field) => !edit.isUnwanted(field));
    else replaceField(edited, edit);
  }
  return edited;
}

function replaceField(fields: HeaderField[], { name, occurrence, value }: HeaderEdit & { kind: "replace" }): void {
  let seen = 0;
  const place = fields.findIndex((field) => isField(field, name) && ++seen === occurrence);
  if (place < 0) return;
  if (value === undefined) fields.splice(place, 1);
  else fields[place] = { ...fields[place], value };
}
