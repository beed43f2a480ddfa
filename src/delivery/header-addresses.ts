/**
 * Addresses inside header fields, rewritten for a mailer. Only the addresses that change are touched: names, comments,
 * folding and spacing around them stay octet for octet as the sender wrote them.
 *
 * Example: `Joe <joe>, "Doe, Jane" <jane@b.test>` → `Joe <joe@a.test>, "Doe, Jane" <jane@b.test>`.
 */
import { type AddressSpan, isSeveral, readAddressList } from "../mail/address-list.ts";
import { foldAddresses } from "../mail/fold.ts";
import type { RewrittenAddress } from "../routing/address-rewriter.ts";
import { breath } from "../sys/breath.ts";
import { whenReady, type MaybePromise } from "../sys/maybe-promise.ts";

/** Rewrites one address with its phrase and comments. */
export type RewriteAddress = (address: string) => MaybePromise<RewrittenAddress>;

export type RewrittenField =
  | { readonly kind: "value"; readonly value: string }
  | Exclude<RewrittenAddress, { kind: "address" }>;

/** Longest line that a changed field keeps without being folded anew (RFC 5322 §2.1.1 recommends 78). */
const FOLD_AT = 78;
/** So many addresses are rewritten before others get their turn. */
const IN_A_ROW = 50;

/**
 * A field value with its addresses rewritten; the very same string when nothing changed. Stops at the first address
 * that cannot be rewritten now.
 * @param nameLength octets before the value on its first line: the field's name and colon
 * @param oldStyle O OldStyleHeaders
 */
export function rewriteField(
  value: string,
  nameLength: number,
  rewrite: RewriteAddress,
  oldStyle = false,
): MaybePromise<RewrittenField> {
  const { spans, blankSeparated } = readAddressList(value, oldStyle);
  const parts: string[] = [];
  let copied = 0;
  let changed = blankSeparated;
  const take = (
    { start, end }: AddressSpan,
    plain: string,
    rewritten: RewrittenAddress,
  ): RewrittenField | undefined => {
    if (rewritten.kind !== "address") return rewritten;
    if (blankSeparated && copied > 0) parts.push(", ");
    else parts.push(value.slice(copied, start));
    copied = end;
    const stays = rewritten.text === plain || rewritten.text === "";
    parts.push(stays ? value.slice(start, end) : rewritten.text);
    changed ||= !stays;
    return undefined;
  };
  const step = (index: number): MaybePromise<RewrittenField> => {
    for (let next = index; next < spans.length; next++) {
      const span = spans[next];
      const plain = plainText(value, span);
      const answer = isNoAddress(plain) ? same(plain) : rewriteOne(plain, rewrite);
      if (answer instanceof Promise) return answer.then((rewritten) => take(span, plain, rewritten) ?? step(next + 1));
      const problem = take(span, plain, answer);
      if (problem !== undefined) return problem;
      if ((next + 1) % IN_A_ROW === 0 && next + 1 < spans.length) return breath().then(() => step(next + 1));
    }
    if (!changed) return { kind: "value", value };
    const written = parts.join("") + value.slice(copied);
    return { kind: "value", value: foldAddresses(written, nameLength, FOLD_AT) };
  };
  return whenReady(step(0), (field) => field);
}

/** Folding inside an address is white space to the rulesets; an address that does not change keeps it. */
function plainText(value: string, { start, end }: AddressSpan): string {
  const address = value.slice(start, end);
  return address.includes("\n") ? address.replace(/\r?\n[ \t]*/g, " ") : address;
}

/** Several words, or one half of an address: `joe@`, `@a.test`. Rulesets would make something else of them. */
function isNoAddress(text: string): boolean {
  return isSeveral(text) || text.endsWith("@") || /^@[ \t]*(?:\[[^\]]*\]|[^\s"(<:[]*)$/.test(text);
}

function same(text: string): RewrittenAddress {
  return { kind: "address", text };
}

/** A route without its brackets (`@a:joe@b`) is taken for one with them, not for the name of a group. */
function rewriteOne(text: string, rewrite: RewriteAddress): MaybePromise<RewrittenAddress> {
  if (!/^@[^\s"(<]*$/.test(text)) return rewrite(text);
  return whenReady(rewrite(`<${text}>`), (rewritten) =>
    rewritten.kind === "address" && /^<.*>$/.test(rewritten.text) ? same(rewritten.text.slice(1, -1)) : rewritten,
  );
}
