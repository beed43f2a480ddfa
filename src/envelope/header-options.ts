/** Options that change the header of a message that comes in: SingleLineFromHeader and NoRecipientAction. */
import type { Options } from "../config/config.ts";
import { type HeaderField, isField } from "../mail/header.ts";

/** Fields that say who gets the message. Resent-To and its kin say who has sent it on to whom. */
const RECIPIENTS = /^(?:to|cc|bcc|apparently-to)$/i;

/**
 * @param fields of a complete header
 * @param recipients as RCPT or the command line gave them
 */
export function withHeaderOptions(
  options: Pick<Options, "flag" | "text">,
  fields: readonly HeaderField[],
  recipients: () => readonly string[],
): readonly HeaderField[] {
  const unfolded = options.flag("SingleLineFromHeader") ? fields.map(onOneLine) : fields;
  const action = options.text("NoRecipientAction").toLowerCase();
  if (action === "" || action === "none" || fields.some(({ name }) => RECIPIENTS.test(name))) return unfolded;
  const added = recipientField(action, recipients);
  return added === undefined ? unfolded : [...unfolded, added];
}

function onOneLine(field: HeaderField): HeaderField {
  if (!isField(field, "From") || !field.value.includes("\n")) return field;
  return { ...field, value: field.value.replaceAll(/\r?\n/g, " ") };
}

function recipientField(action: string, recipients: () => readonly string[]): HeaderField | undefined {
  switch (action) {
    case "add-to":
      return { name: "To", value: listed(recipients()) };
    case "add-apparently-to":
      return { name: "Apparently-To", value: listed(recipients()) };
    case "add-to-undisclosed":
      return { name: "To", value: " undisclosed-recipients:;" };
    case "add-bcc":
      return { name: "Bcc", value: "" };
    default:
      return undefined;
  }
}

/** One on each line, so that none of them is too long. */
function listed(recipients: readonly string[]): string {
  return ` ${recipients.join(",\r\n\t")}`;
}
