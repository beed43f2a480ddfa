/** Questions to DNS, as checks ask them. */
import type { Resolver } from "../../dns/resolver.ts";
import type { Finding } from "./finding.ts";

export type Addresses =
  | {
      readonly kind: "answered";
      readonly addresses: readonly string[];
      /** The name is an alias (CNAME) of this one. */
      readonly alias?: string;
    }
  | { readonly kind: "silent"; readonly reason: string };

/** A and AAAA. */
export async function addressesIn(resolver: Resolver, name: string): Promise<Addresses> {
  const addresses: string[] = [];
  let alias: string | undefined;
  for (const type of ["A", "AAAA"] as const) {
    const answer = await resolver.query(name, type);
    if (answer.kind === "tempfail") return { kind: "silent", reason: answer.reason };
    if (answer.kind === "nxdomain") continue;
    if (answer.kind === "found") addresses.push(...answer.records.map(({ data }) => data));
    if (answer.canonicalName.toLowerCase() !== name.toLowerCase()) alias = answer.canonicalName;
  }
  return { kind: "answered", addresses, ...(alias === undefined ? {} : { alias }) };
}

export interface Texts {
  /** Each record as a whole. */
  readonly texts: readonly string[];
  /** Nobody answers. */
  readonly silence?: Finding;
}

/** TXT records of a name. */
export async function textsOf(resolver: Resolver, name: string): Promise<Texts> {
  const answer = await resolver.query(name, "TXT");
  if (answer.kind === "tempfail") return { texts: [], silence: silent(name, answer.reason) };
  return { texts: answer.kind === "found" ? answer.records.map(({ data }) => data) : [] };
}

export function silent(name: string, reason: string): Finding {
  return {
    kind: "name-server",
    what: `DNS does not answer for ${name}: ${reason}`,
    where: name,
    todo: "look at /etc/resolv.conf and the name server that it names; ask again: dig NAME",
  };
}
