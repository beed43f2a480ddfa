/**
 * Who wants a report: `rua=` of a DMARC record (RFC 7489 §6.2, §7.1), and of the TLSRPT record of a domain (RFC 8460 §3). Only
 * mailto: addresses are served.
 */
import type { Resolver } from "../../dns/resolver.ts";
import { listedOrganization } from "../dmarc/public-suffix.ts";

export interface Destination {
  readonly address: string;
  /** The largest report that it takes, octets. */
  readonly most?: number;
}

export type Destinations =
  | {
      readonly kind: "found";
      readonly to: readonly Destination[];
      /** Those that get nothing, and why. */ readonly refused: readonly string[];
    }
  /** The DNS did not answer: later, perhaps. */
  | { readonly kind: "tempfail"; readonly reason: string };

/** Addresses of one record that are served: more is a way to have us send much mail to many. */
const MOST = 5;
const UNITS: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `mailto:reports@example.com!10m`; undefined for what is none. @throws never */
export function readMailto(uri: string): Destination | undefined {
  const [, text, size, unit = ""] = /^mailto:([^!?]+?)(?:!(\d{1,12})([kmgt]?))?$/i.exec(uri) ?? [];
  if (text === undefined) return undefined;
  let address: string;
  try {
    address = decodeURIComponent(text);
  } catch {
    return undefined;
  }
  if (!/^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?$/i.test(address)) return undefined;
  return size === undefined ? { address } : { address, most: Number(size) * UNITS[unit.toLowerCase()] };
}

/**
 * Who gets the DMARC report for a domain. An address elsewhere counts when that domain agrees to it, by a record at
 * `domain._report._dmarc.elsewhere` (RFC 7489 §7.1): else anybody could have reports sent to anybody.
 * @param domain where the policy record stands
 * @param uris its rua=
 */
export async function dmarcDestinations(
  domain: string,
  uris: readonly string[],
  resolver: Resolver,
): Promise<Destinations> {
  const to: Destination[] = [];
  const refused: string[] = [];
  for (const uri of uris.slice(0, MOST)) {
    const destination = readMailto(uri);
    if (destination === undefined) {
      refused.push(`${uri}: only mailto: is served`);
      continue;
    }
    const host = hostOf(destination.address);
    if (listedOrganization(host) === listedOrganization(domain.toLowerCase())) {
      to.push(destination);
      continue;
    }
    const answer = await textsAt(resolver, `${domain}._report._dmarc.${host}`);
    if (answer.kind === "tempfail") return answer;
    const agreed = answer.texts.find((text) => /^v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/.test(text));
    if (agreed === undefined) refused.push(`${destination.address}: ${host} does not agree to reports for ${domain}`);
    else to.push({ ...destination, ...elsewhere(agreed, host) });
  }
  return { kind: "found", to, refused };
}

/** That record may name another address, in the same domain only. */
function elsewhere(record: string, host: string): Destination | undefined {
  const uri = /;[ \t]*rua[ \t]*=[ \t]*([^;,]+)/.exec(record)?.[1].trim();
  const destination = uri === undefined ? undefined : readMailto(uri);
  return destination !== undefined && hostOf(destination.address) === host ? destination : undefined;
}

/** Who gets the TLS report for a domain: `v=TLSRPTv1; rua=mailto:...` at `_smtp._tls.domain`. */
export async function tlsDestinations(domain: string, resolver: Resolver): Promise<Destinations> {
  const answer = await textsAt(resolver, `_smtp._tls.${domain}`);
  if (answer.kind === "tempfail") return answer;
  const records = answer.texts.filter((text) => /^v=TLSRPTv1[ \t]*;/.test(text));
  // RFC 8460 §3: several records are as good as none.
  const uris = records.length === 1 ? (/;[ \t]*rua[ \t]*=[ \t]*([^;]+)/.exec(records[0])?.[1] ?? "").split(",") : [];
  const to: Destination[] = [];
  const refused: string[] = [];
  for (const uri of uris.map((each) => each.trim()).slice(0, MOST)) {
    const destination = readMailto(uri);
    if (destination === undefined) refused.push(`${uri}: only mailto: is served`);
    else to.push(destination);
  }
  return { kind: "found", to, refused };
}

async function textsAt(
  resolver: Resolver,
  name: string,
): Promise<
  { readonly kind: "texts"; readonly texts: readonly string[] } | { readonly kind: "tempfail"; readonly reason: string }
> {
  const answer = await resolver.query(name, "TXT");
  if (answer.kind === "tempfail") return { kind: "tempfail", reason: `${name}: ${answer.reason}` };
  return { kind: "texts", texts: answer.kind === "found" ? answer.records.map(({ data }) => data) : [] };
}

function hostOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}
