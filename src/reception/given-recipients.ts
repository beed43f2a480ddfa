/** Recipients of a message as RCPT or the command line gave them. */
import type { Transaction } from "./transaction.ts";

type Given = Pick<Transaction, "recipients" | "announced">;

export function givenRecipients({ recipients, announced: { submission } }: Given): readonly string[] {
  return recipients.map(({ given }) => (submission === undefined ? `<${given}>` : given));
}

/** $u while the message is completed: the only one. Reports name nobody. */
export function soleRecipient(transaction: Given): string | undefined {
  if (transaction.recipients.length !== 1 || transaction.announced.isReport) return undefined;
  return givenRecipients(transaction)[0];
}
