/**
 * Whose message it says it is: the domains of From (RFC 7489 §6.6.1).
 *
 * Programs that show a message do not all read a damaged field alike. Where two of them could see different mailboxes, all
 * domains that any could see are authors, and the worst result counts.
 */
import { addressSpans, bareMailbox } from "../../mail/address-list.ts";
import { type HeaderField, isField, unfold } from "../../mail/header.ts";
import { asciiName } from "../dkim/domain-name.ts";

/** Authors of different domains that are looked at. */
const MOST_DOMAINS = 5;

export type Authors =
  | { readonly kind: "domains"; readonly domains: readonly string[] }
  /** There is no From, or one without a domain: nobody is named whom DMARC could protect. */
  | { readonly kind: "none"; readonly reason: string }
  /** A reader may see somebody else than we do. */
  | { readonly kind: "ambiguous"; readonly reason: string };

/** What becomes of the author when From does not name his domain. */
export interface Substitutes {
  /** Reverse-path without brackets: a From that is missing is made of it. */
  readonly sender: string;
  /** Our own name: readers take users without a domain for ours. */
  readonly host: string;
}

const NO_ADDRESS: Authors = { kind: "ambiguous", reason: "From has something that is no address" };

/** @param substitutes absent: what From does not say is not looked for */
export function authorsOf(fields: readonly HeaderField[], substitutes?: Substitutes): Authors {
  const from = fields.filter((field) => isField(field, "From"));
  if (from.length > 1) return { kind: "ambiguous", reason: `${from.length} From fields` };
  const value = from.length === 0 ? "" : unfold(from[0].value);
  if (value === "") return authorOfSender(from.length === 0 ? "no From field" : "From is empty", substitutes);
  const domains = new Set<string>();
  for (const domain of domainsIn(value, substitutes?.host ?? "")) {
    if (domain === undefined) return NO_ADDRESS;
    if (domain !== "") domains.add(domain);
    if (domains.size > MOST_DOMAINS) return { kind: "ambiguous", reason: `From has more than ${MOST_DOMAINS} domains` };
  }
  return domains.size === 0
    ? { kind: "none", reason: "From has no domain" }
    : { kind: "domains", domains: [...domains] };
}

function authorOfSender(reason: string, { sender, host }: Substitutes = { sender: "", host: "" }): Authors {
  if (sender === "") return { kind: "none", reason };
  const domain = domainOf(sender, host);
  if (domain === "") return { kind: "none", reason };
  return domain === undefined ? NO_ADDRESS : { kind: "domains", domains: [domain] };
}

/** "": a name without a domain; undefined: what nobody can tell. */
function* domainsIn(value: string, host: string): Generator<string | undefined> {
  const { visible, isWhole } = outsideOfQuotes(value);
  // What stands in quotes that never end is text for one reader, and the address for another.
  if (!isWhole) return yield* domainsWithin(value);
  for (const { start, end } of addressSpans(value)) yield domainOf(bareMailbox(value.slice(start, end)), host);
  for (const { start, end } of addressSpans(visible)) {
    const address = visible.slice(start, end);
    if (isDoubtful(address)) yield* domainsWithin(address);
  }
}

/** In lower case, as the DNS has it. */
function domainOf(address: string, host: string): string | undefined {
  const bare = address.replaceAll(/[<>\s]/g, "").replace(/\.$/, "");
  const at = bare.lastIndexOf("@");
  if (at < 0) {
    // Some readers decode it before they look for an address.
    if (bare.includes("=?")) return undefined;
    return bare === "" || host === "" ? "" : asciiName(host);
  }
  const domain = bare.slice(at + 1);
  // An address of IP is nobody's domain.
  if (/^\[(?:[\d.]+|IPv6:[\da-f:.]+)\]$/i.test(domain)) return "";
  return asciiName(domain);
}

/** The text without what stands in comments, and with nothing in its quotes; whether all of them end. */
function outsideOfQuotes(value: string): { readonly visible: string; readonly isWhole: boolean } {
  const parts: string[] = [];
  let start = 0;
  let comment = 0;
  let quoted = false;
  for (let at = 0; at < value.length; at++) {
    const char = value[at];
    if (char === "\\") {
      // Outside it is nothing that all readers know.
      if (quoted || comment > 0) at++;
    } else if (quoted) {
      if (char !== '"') continue;
      quoted = false;
      start = at;
    } else if (char === "(") {
      if (comment++ === 0) parts.push(value.slice(start, at));
    } else if (comment > 0) {
      if (char === ")" && --comment === 0) start = at + 1;
    } else if (char === '"') {
      parts.push(value.slice(start, at + 1));
      quoted = true;
    }
  }
  if (comment === 0 && !quoted) parts.push(value.slice(start));
  return { visible: parts.join(""), isWhole: comment === 0 && !quoted };
}

/** @param address without quoted text and comments */
function isDoubtful(address: string): boolean {
  const open = address.indexOf("<");
  const close = address.indexOf(">");
  if (open < 0 && close < 0) return hasTwo(address) || isSpaced(address);
  // `a@b.test <c@d.test` has been read in both ways.
  if (open < 0 || close < open || address.includes("<", open + 1) || address.includes(">", close + 1)) return true;
  const inside = address.slice(open + 1, close);
  return address[open - 1] === "\\" || address.includes("@", close) || hasTwo(inside) || /\S\s+\S/.test(inside.trim());
}

/** Words beside each other, or a domain that goes on behind a blank though it could end there. */
function isSpaced(address: string): boolean {
  if (/[^\s.@]\s+[^\s.@]/.test(address)) return true;
  const [first, ...more] = address
    .slice(address.lastIndexOf("@") + 1)
    .trim()
    .split(/\s+/);
  return more.length > 0 && first.includes(".");
}

/** A source route is none (RFC 5322 §4.4): its end is the address. */
function hasTwo(address: string): boolean {
  const bare = address.replace(/^\s*@[^:]*:/, "");
  return bare.indexOf("@") !== bare.lastIndexOf("@");
}

/** What looks like the domain of an address; undefined: none, or something that is no domain. */
function* domainsWithin(text: string): Generator<string | undefined> {
  if (!text.includes("@")) yield undefined;
  for (const [, domain] of text.matchAll(/@\s*([^\s<>()@,:;"[\]\\]+)/g)) yield asciiName(domain.replace(/\.$/, ""));
}
