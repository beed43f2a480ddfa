/**
 * The macros that describe an envelope, set once when its message is complete: $i $f $g $u $c $a $b $d $t $x and the
 * long names of the manual (§5.2). Everything that expands macro text afterwards (header fields, mailer arguments,
 * rulesets) sees them.
 */
import { compactDate, ctimeDate, rfc5322Date } from "../mail/date.ts";
import { findField, type HeaderField, unfold } from "../mail/header.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";

export interface EnvelopeFacts {
  readonly id: string;
  readonly sender: string;
  /** Set only for a single recipient: `for <u>` in Received:. */
  readonly soleRecipient?: string;
  readonly fields: readonly HeaderField[];
  readonly hops: number;
  readonly bodySize: number;
  readonly recipientCount: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly envid?: string;
  readonly ret?: string;
  readonly bodyType?: string;
}

export function setEnvelopeMacros(scope: MacroScope, facts: EnvelopeFacts): void {
  const { fields, now } = facts;
  const date = rfc5322Date(now);
  const origin = findField(fields, "Date");
  const messageId = findField(fields, "Message-Id");
  scope.set("i", facts.id);
  scope.set("f", facts.sender);
  scope.set("g", facts.sender === "" ? "<>" : facts.sender);
  scope.set("u", facts.soleRecipient);
  scope.set("c", String(facts.hops));
  scope.set("a", (origin === undefined ? "" : unfold(origin.value)) || date);
  scope.set("b", date);
  scope.set("d", ctimeDate(now));
  scope.set("t", compactDate(now));
  scope.set("time", String(Math.floor(now / 1000)));
  scope.set("msg_size", String(facts.bodySize));
  scope.set("nrcpts", String(facts.recipientCount));
  if (messageId !== undefined) scope.set("msg_id", unfold(messageId.value));
  if (facts.envid !== undefined) {
    scope.set("envid", facts.envid);
    scope.set("dsn_envid", facts.envid);
  }
  if (facts.ret !== undefined) scope.set("dsn_ret", facts.ret === "FULL" ? "full" : "hdrs");
  if (facts.bodyType !== undefined) scope.set("bodytype", facts.bodyType);
}
