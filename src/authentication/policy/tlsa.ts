/** TLSA records as they are read (RFC 6698 §2.1), and which of them count for mail (RFC 7672 §3.1, RFC 7671 §9). */

export interface TlsaRecord {
  /** DANE-TA(2), DANE-EE(3); those of PKIX (0, 1) are of no use for mail. */
  readonly usage: number;
  /** Cert(0), SPKI(1) */
  readonly selector: number;
  /** Full(0), SHA2-256(1), SHA2-512(2) */
  readonly matching: number;
  readonly data: Buffer;
}

export const DANE_TA = 2;
export const DANE_EE = 3;
export const FULL = 0;

/** Octets of each digest. */
const DIGEST_OCTETS: Readonly<Record<number, number>> = { 1: 32, 2: 64 };

/** @param octets data of the record */
export function readTlsa(octets: Buffer): TlsaRecord | undefined {
  if (octets.length < 4) return undefined;
  return { usage: octets[0], selector: octets[1], matching: octets[2], data: octets.subarray(3) };
}

/** "3 1 1 5a9c..." */
export function tlsaText({ usage, selector, matching, data }: TlsaRecord): string {
  return `${usage} ${selector} ${matching} ${data.toString("hex")}`;
}

/** Records that a mail client can use; of digests for one kind the strongest alone (RFC 7671 §9). */
export function usableTlsa(records: readonly TlsaRecord[]): readonly TlsaRecord[] {
  const usable = records.filter(isUsable);
  const strongest = (one: TlsaRecord): number =>
    Math.max(...usable.filter((each) => sameKind(each, one)).map(({ matching }) => matching));
  return usable.filter((one) => one.matching === FULL || one.matching === strongest(one));
}

function isUsable({ usage, selector, matching, data }: TlsaRecord): boolean {
  if ((usage !== DANE_TA && usage !== DANE_EE) || selector > 1) return false;
  return matching === FULL ? data.length > 0 : data.length === DIGEST_OCTETS[matching];
}

function sameKind(a: TlsaRecord, b: TlsaRecord): boolean {
  return a.usage === b.usage && a.selector === b.selector;
}
