/** A message as a filter saw it, and as it is with the filter's edits: plain data, for those who want to see what a filter does. */
import type { Edit } from "./filter.ts";

export interface Mailbox {
  /** In angle brackets. */
  readonly path: string;
  /** Of the command: "SIZE=2000". */
  readonly parameters: readonly string[];
}

export interface PlainMessage {
  readonly sender: Mailbox;
  readonly recipients: readonly Mailbox[];
  /** A value is what stands behind the colon, without the last line end. */
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  readonly body: Buffer;
  /** Why it is kept back. */
  readonly quarantine?: string;
}

/** The message with the edits carried out, in their order. A field to be changed that is not there is added. */
export function editedMessage(message: PlainMessage, edits: readonly Edit[]): PlainMessage {
  let { sender, quarantine } = message;
  let recipients = [...message.recipients];
  const fields = [...message.fields];
  const chunks: Buffer[] = [];
  for (const edit of edits) {
    switch (edit.kind) {
      case "add-header":
        fields.push({ name: edit.name, value: edit.value });
        break;
      case "insert-header":
        fields.splice(Math.min(edit.index, fields.length), 0, { name: edit.name, value: edit.value });
        break;
      case "change-header":
        changeField(fields, edit);
        break;
      case "add-recipient":
        if (!recipients.some(({ path }) => path === edit.path)) recipients.push(edit);
        break;
      case "delete-recipient":
        recipients = recipients.filter(({ path }) => path !== edit.path);
        break;
      case "change-sender":
        sender = edit;
        break;
      case "replace-body":
        chunks.push(edit.chunk);
        break;
      case "quarantine":
        quarantine = edit.reason;
    }
  }
  return {
    sender: bare(sender),
    recipients: recipients.map(bare),
    fields,
    body: chunks.length > 0 ? Buffer.concat(chunks) : message.body,
    ...(quarantine !== undefined && { quarantine }),
  };
}

function bare({ path, parameters }: Mailbox): Mailbox {
  return { path, parameters };
}

function changeField(
  fields: { name: string; value: string }[],
  { index, name, value }: Extract<Edit, { kind: "change-header" }>,
): void {
  let left = Math.max(index, 1);
  const at = fields.findIndex((field) => field.name.toLowerCase() === name.toLowerCase() && --left === 0);
  if (at === -1) {
    if (value !== undefined) fields.push({ name, value });
  } else if (value === undefined) fields.splice(at, 1);
  else fields[at] = { name: fields[at].name, value };
}
