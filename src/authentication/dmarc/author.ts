/** Whose message it says it is: the domains of From (RFC 7489 §6.6.1). */
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

export function authorsOf(fields: readonly HeaderField[]): Authors {
  const from = fields.filter((field) => isField(field, "From"));
  if (from.length === 0) return { kind: "none", reason: "no From field" };
  if (from.length > 1) return { kind: "ambiguous", reason: `${from.length} From fields` };
  const value = unfold(from[0].value);
  const addresses = addressSpans(value).map(({ start, end }) => bareMailbox(value.slice(start, end)));
  const domains = new Set<string>();
  for (const address of addresses) {
    const domain = domainOf(address);
    if (domain === undefined) return { kind: "ambiguous", reason: "From has something that is no address" };
    if (domain !== "") domains.add(domain);
    if (domains.size > MOST_DOMAINS) return { kind: "ambiguous", reason: `From has more than ${MOST_DOMAINS} domains` };
  }
  return domains.size === 0
    ? { kind: "none", reason: "From has no domain" }
    : { kind: "domains", domains: [...domains] };
}

/** In lower case, as the DNS has it. "": a name without one; undefined: what nobody can tell. */
function domainOf(address: string): string | undefined {
  const bare = address.replaceAll(/[<>\s]/g, "").replace(/\.$/, "");
  const at = bare.lastIndexOf("@");
  if (at < 0) return "";
  const domain = bare.slice(at + 1);
  // An address of IP is nobody's domain.
  if (domain.startsWith("[")) return "";
  return asciiName(domain);
}
