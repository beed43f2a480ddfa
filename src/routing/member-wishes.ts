/**
 * What the sender of a message that went to an alias hears of its members (RFC 3461 §5.2.7).
 *
 *     alias of one       all that was asked for goes on to that one
 *     alias of several   its sender hears that it was expanded; of the members he hears failures and delays, if he wants to
 *     list with owner    its sender hears that the list has the message: the members' reports are the owner's
 */
import type { Recipient } from "../envelope/recipient.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import type { MemberList } from "./open-list.ts";

/** What the status of an expanded recipient says about its members. */
export type ExpansionKind = Pick<RecipientStatus, "passedOn" | "toList">;

/** @param parent the recipient that was expanded, with its status */
export function memberWishes({ orcpt, notify, status }: Recipient): Pick<Recipient, "orcpt" | "notify"> {
  const isPassedOn = status?.passedOn === true;
  const wished = status?.toList === true ? undefined : isPassedOn ? notify : withoutSuccess(notify);
  // There may be very many members: what is not there takes no room.
  return {
    ...(orcpt === undefined ? undefined : { orcpt }),
    ...(wished === undefined ? undefined : { notify: wished }),
  };
}

const NEVER: Recipient["notify"] = ["NEVER"];

function withoutSuccess(notify: Recipient["notify"]): Recipient["notify"] {
  if (notify?.includes("SUCCESS") !== true) return notify;
  const rest = notify.filter((word) => word !== "SUCCESS");
  return rest.length === 0 ? NEVER : rest;
}

/** Reads a list as far as it takes to know whether it has one member only; what was read is not lost. */
export async function lookAhead(
  members: MemberList,
): Promise<{ readonly isAlone: boolean; readonly members: MemberList }> {
  const first = await members.next();
  const second = first.kind === "member" ? await members.next() : undefined;
  const seen = second === undefined ? [first] : [first, second];
  return { isAlone: second?.kind === "end", members: { next: () => seen.shift() ?? members.next() } };
}
