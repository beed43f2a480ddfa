/**
 * Addresses inside header fields, rewritten for a mailer. Only the addresses that change are touched: names, comments,
 * folding and spacing around them stay octet for octet as the sender wrote them.
 *
 * Example: `Joe <joe>, "Doe, Jane" <jane@b.test>` → `Joe <joe@a.test>, "Doe, Jane" <jane@b.test>`.
 */
import { whenReady, type MaybePromise } from "../sys/maybe-promise.ts";
import type { RewrittenAddress } from "../routing/address-rewriter.ts";

/** Which fields hold addresses, and whose (RFC 5322 §3.6, and older fields that carry addresses). */
const ROLES: ReadonlyMap<string, "sender" | "recipient"> = new Map([
  ...[
    "from",
    "sender",
    "reply-to",
    "resent-from",
    "resent-sender",
    "resent-reply-to",
    "errors-to",
    "return-receipt-to",
    "disposition-notification-to",
    "apparently-from",
  ].map((name) => [name, "sender"] as const),
  ...["to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc", "apparently-to"].map(
    (name) => [name, "recipient"] as const,
  ),
]);

export function addressRole(fieldName: string): "sender" | "recipient" | undefined {
  return ROLES.get(fieldName) ?? ROLES.get(fieldName.toLowerCase());
}

/** A stretch of a field value that holds one address with its phrase and comments. */
export interface AddressSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the addresses of a list: separated by commas outside quotes, comments, angle brackets and source routes; the
 * name of a group and its final `;` are not part of any.
 */
export function addressSpans(value: string): AddressSpan[] {
  const spans: AddressSpan[] = [];
  let start = 0;
  let depth = 0;
  let quoted = false;
  let angle = false;
  let literal = false;
  /** After the `:` of a group, until its `;`. */
  let group = false;
  const close = (end: number) => {
    const span = trimmed(value, start, end);
    if (span.end > span.start) spans.push(span);
  };
  for (let at = 0; at < value.length; at++) {
    const char = value[at];
    if (char === "\\") at++;
    else if (quoted) quoted = char !== '"';
    else if (char === "(") depth++;
    else if (depth > 0) {
      if (char === ")") depth--;
    } else if (char === '"') quoted = true;
    else if (literal) literal = char !== "]";
    else if (char === "[") literal = true;
    else if (char === "<") angle = true;
    else if (char === ">") angle = false;
    else if (angle) continue;
    else if (char === ":" && !group && isGroupName(value, start, at)) {
      group = true;
      start = at + 1;
    } else if (char === "," && !inRoute(value, start, at)) {
      close(at);
      start = at + 1;
    } else if (char === ";") {
      close(at);
      start = at + 1;
      group = false;
    }
  }
  close(value.length);
  return spans;
}

/** `friends:` begins a group; `node::user`, `@a:b@c` and `b@c:d` do not. */
function isGroupName(value: string, start: number, colon: number): boolean {
  if (value[colon + 1] === ":" || value[colon - 1] === ":") return false;
  const name = value.slice(start, colon).trim();
  return name !== "" && (name.startsWith('"') || !/[@%!]/.test(name));
}

/** The commas of `@a,@b:user@c` belong to the address (RFC 5321 appendix F.2). */
function inRoute(value: string, start: number, comma: number): boolean {
  const text = value.slice(start, comma).trimStart();
  return text.startsWith("@") && !text.includes(":");
}

function trimmed(value: string, start: number, end: number): AddressSpan {
  let from = start;
  let to = end;
  while (from < to && isSpace(value.charCodeAt(from))) from++;
  while (to > from && isSpace(value.charCodeAt(to - 1))) to--;
  return { start: from, end: to };
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 10;
}

/** Rewrites one address with its phrase and comments. */
export type RewriteAddress = (address: string) => MaybePromise<RewrittenAddress>;

export type RewrittenField =
  | { readonly kind: "value"; readonly value: string }
  | Exclude<RewrittenAddress, { kind: "address" }>;

/** Longest line that a changed field keeps without being folded anew (RFC 5322 §2.1.1 recommends 78). */
const FOLD_AT = 78;

/**
 * A field value with its addresses rewritten; the very same string when nothing changed. Stops at the first address
 * that cannot be rewritten now.
 * @param nameLength octets before the value on its first line: the field's name and colon
 */
export function rewriteField(value: string, nameLength: number, rewrite: RewriteAddress): MaybePromise<RewrittenField> {
  const spans = addressSpans(value);
  const parts: string[] = [];
  let copied = 0;
  let changed = false;
  const step = (index: number): MaybePromise<RewrittenField> => {
    for (let next = index; next < spans.length; next++) {
      const { start, end } = spans[next];
      const address = value.slice(start, end);
      // Folding inside an address is white space to the rulesets; an address that does not change keeps it.
      const plain = address.includes("\n") ? address.replace(/\r?\n[ \t]*/g, " ") : address;
      const answer = rewrite(plain);
      const take = (rewritten: RewrittenAddress): RewrittenField | undefined => {
        if (rewritten.kind !== "address") return rewritten;
        if (rewritten.text === plain || rewritten.text === "") return undefined;
        changed = true;
        parts.push(value.slice(copied, start), rewritten.text);
        copied = end;
        return undefined;
      };
      if (answer instanceof Promise) return answer.then((rewritten) => take(rewritten) ?? step(next + 1));
      const problem = take(answer);
      if (problem !== undefined) return problem;
    }
    if (!changed) return { kind: "value", value };
    return { kind: "value", value: foldList(parts.join("") + value.slice(copied), nameLength) };
  };
  return whenReady(step(0), (field) => field);
}

/** Folds at commas between addresses where a line has become too long; leaves good folding alone. */
function foldList(value: string, nameLength: number): string {
  if (value.split("\r\n").every((line, number) => line.length + (number === 0 ? nameLength : 0) <= FOLD_AT))
    return value;
  const spans = addressSpans(value);
  let folded = "";
  let copied = 0;
  let column = nameLength;
  for (const { start, end } of spans) {
    const gap = value.slice(copied, start);
    const address = value.slice(start, end);
    const fits = column + gap.length + address.length < FOLD_AT;
    if (gap.includes("\n")) column = gap.length - gap.lastIndexOf("\n") - 1;
    else if (!fits && gap.trimEnd().endsWith(",")) {
      folded += `${gap.trimEnd()}\r\n\t${address}`;
      copied = end;
      column = 8 + address.length;
      continue;
    } else column += gap.length;
    folded += gap + address;
    column += address.length;
    copied = end;
  }
  return folded + value.slice(copied);
}
