/**
 * Who gets a message under another address than the one that it came in for: by an alias, a .forward file, a list, or a table
 * such as virtusertable. For the macro {forwarded_from}: rules that rewrite the sender of forwarded mail ask for it.
 */
import type { Recipient } from "../envelope/recipient.ts";
import type { JobRecipient } from "./agent.ts";

/** @returns whether the recipient has another address by now */
export function isForwarded({ recipient, triple }: Pick<JobRecipient, "recipient" | "triple">): boolean {
  if (recipient.parent !== undefined || recipient.rights?.alias !== undefined) return true;
  // A local mailer gets the user alone: nothing says that he was called otherwise.
  return triple.user.includes("@") && plain(triple.user) !== plain(recipient.given);
}

/** The address that the message came in for, "" when the recipient still has it. */
export function forwardedFrom(each: Pick<JobRecipient, "recipient" | "triple">, all: readonly Recipient[]): string {
  if (!isForwarded(each)) return "";
  let root = each.recipient;
  // An index is smaller than those of its children; a damaged queue file may say otherwise.
  for (let left = all.length; root.parent !== undefined && left > 0; left--) root = all[root.parent] ?? root;
  return withoutBrackets(root.rights?.alias ?? root.given);
}

/** What two ways to write an address have in common: no brackets, no route, no final dot, the domain in lower case. */
function plain(address: string): string {
  const bare = withoutBrackets(address).replace(/^@[^:"]*:/, "");
  const at = bare.lastIndexOf("@");
  return at < 0
    ? bare
    : bare.slice(0, at + 1) +
        bare
          .slice(at + 1)
          .toLowerCase()
          .replace(/\.$/, "");
}

function withoutBrackets(address: string): string {
  return address.startsWith("<") && address.endsWith(">") ? address.slice(1, -1) : address;
}
