/**
 * Questions to the domain name system, and the four ways they end. "No such name" and "no answer yet" are told
 * apart everywhere: the first bounces mail, the second only delays it.
 */
import type { MaybePromise } from "../sys/maybe-promise.ts";

export type RecordType = "A" | "AAAA" | "AFSDB" | "CNAME" | "MX" | "NS" | "PTR" | "SRV" | "TLSA" | "TXT";

/** One resource record; `data` is the presentation form of RFC 1035 except where a field of its own says more. */
export interface DnsRecord {
  /** Owner name in lower case, without the final dot. */
  readonly name: string;
  readonly type: RecordType;
  /** Seconds. */
  readonly ttl: number;
  /** Address, target name, text; for MX and SRV the target. */
  readonly data: string;
  /** MX preference, SRV priority, AFSDB subtype. */
  readonly preference?: number;
  readonly weight?: number;
  readonly port?: number;
  /** TLSA and other binary data. */
  readonly octets?: Buffer;
}

export type DnsAnswer =
  | {
      readonly kind: "found";
      /** Records of the asked type, in the order of the answer; aliases already followed. */
      readonly records: readonly DnsRecord[];
      /** The name at the end of the CNAME chain; equals the asked name when there is none. */
      readonly canonicalName: string;
      /** The AD bit, from a resolver that may be trusted with it (DANE). */
      readonly secure: boolean;
      /** The AD bit, from one that nobody has said to trust. */
      readonly claimsSecure?: true;
    }
  | { readonly kind: "nodata"; readonly canonicalName: string }
  | { readonly kind: "nxdomain" }
  | { readonly kind: "tempfail"; readonly reason: string };

export interface Resolver {
  /** Asks for records of one type. Names are absolute, with or without final dot. Answers from the cache come at once. */
  query(name: string, type: RecordType): MaybePromise<DnsAnswer>;
}
