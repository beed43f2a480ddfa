/** Organizational domains by the list of public suffixes (RFC 7489 §3.2), which a package of its own keeps current. */
import { getDomain, getPublicSuffix } from "tldts";

const AS_IT_IS = { allowPrivateDomains: true, extractHostname: false, validateHostname: false } as const;

/** The domain below the public suffix; the name itself where that is a suffix. */
export function listedOrganization(domain: string): string {
  return getDomain(domain, AS_IT_IS) ?? domain;
}

/** Names below it are of different organizations: `uk`, `co.uk`. */
export function isPublicSuffix(domain: string): boolean {
  return getPublicSuffix(domain, AS_IT_IS) === domain;
}
