/**
 * What the library does not tell of a certificate (RFC 5280 §4.1): its public key exactly as it stands there, how long a
 * path may grow below it, and extensions that nobody may ignore. Certificates are foreign octets: one that cannot be read
 * has no parts.
 */

export interface CertificateParts {
  /** DER of SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Buffer;
  /** basicConstraints: may sign certificates; absent when the extension is. */
  readonly isAuthority?: boolean;
  /** Certificates of authorities that may follow below it. */
  readonly pathLength?: number;
  /** OIDs of critical extensions, in the dotted form. */
  readonly critical: readonly string[];
}

interface Item {
  readonly tag: number;
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
}

const SEQUENCE = 0x30;
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const BASIC_CONSTRAINTS = "2.5.29.19";

/** @param raw DER. Undefined when it is no certificate. */
export function certificateParts(raw: Buffer): CertificateParts | undefined {
  const whole = itemAt(raw, 0, raw.length);
  const signed = whole?.tag === SEQUENCE ? itemsIn(raw, whole)?.[0] : undefined;
  const fields = signed?.tag === SEQUENCE ? itemsIn(raw, signed) : undefined;
  if (fields === undefined) return undefined;
  // serial, signature, issuer, validity, subject, key
  const key = fields[(fields[0]?.tag === VERSION ? 1 : 0) + 5];
  if (key?.tag !== SEQUENCE) return undefined;
  const list = fields.find(({ tag }) => tag === EXTENSIONS);
  const extensions = list === undefined ? [] : readExtensions(raw, list);
  if (extensions === undefined) return undefined;
  const constraints = extensions.find(({ id }) => id === BASIC_CONSTRAINTS);
  return {
    publicKeyInfo: raw.subarray(key.start, key.end),
    ...(constraints === undefined ? {} : readConstraints(constraints.value)),
    critical: extensions.filter(({ critical }) => critical).map(({ id }) => id),
  };
}

interface Extension {
  readonly id: string;
  readonly critical: boolean;
  readonly value: Buffer;
}

function readExtensions(raw: Buffer, outer: Item): readonly Extension[] | undefined {
  const list = itemAt(raw, outer.bodyStart, outer.end);
  const all = list?.tag === SEQUENCE ? itemsIn(raw, list) : undefined;
  const read = all?.map((each): Extension | undefined => {
    const parts = itemsIn(raw, each);
    const [id, value] = [parts?.[0], parts?.at(-1)];
    if (parts === undefined || id === undefined || value === undefined || parts.length < 2) return undefined;
    const critical = parts.length > 2 && parts[1].tag === BOOLEAN && raw[parts[1].bodyStart] !== 0;
    return {
      id: dotted(raw.subarray(id.bodyStart, id.end)),
      critical,
      value: raw.subarray(value.bodyStart, value.end),
    };
  });
  return read?.every((each) => each !== undefined) === true ? read : undefined;
}

function readConstraints(value: Buffer): Pick<CertificateParts, "isAuthority" | "pathLength"> {
  const whole = itemAt(value, 0, value.length);
  const parts = whole?.tag === SEQUENCE ? itemsIn(value, whole) : undefined;
  const flag = parts?.find(({ tag }) => tag === BOOLEAN);
  const length = parts?.find(({ tag }) => tag === INTEGER);
  const isAuthority = flag !== undefined && value[flag.bodyStart] !== 0;
  if (length === undefined || length.end - length.bodyStart > 4) return { isAuthority };
  return { isAuthority, pathLength: value.readIntBE(length.bodyStart, length.end - length.bodyStart) };
}

/** Tag, length and place of what begins here; undefined when it does not end before `limit`. */
function itemAt(octets: Buffer, start: number, limit: number): Item | undefined {
  if (start + 2 > limit) return undefined;
  const first = octets[start + 1];
  const more = first < 0x80 ? 0 : first & 0x7f;
  // DER has no indefinite length, and no certificate of more than 16 MB.
  if (first === 0x80 || more > 3 || start + 2 + more > limit) return undefined;
  const length = more === 0 ? first : octets.readUIntBE(start + 2, more);
  const bodyStart = start + 2 + more;
  return bodyStart + length > limit ? undefined : { tag: octets[start], start, bodyStart, end: bodyStart + length };
}

function itemsIn(octets: Buffer, { bodyStart, end }: Item): readonly Item[] | undefined {
  const items: Item[] = [];
  for (let at = bodyStart; at < end;) {
    const item = itemAt(octets, at, end);
    if (item === undefined) return undefined;
    items.push(item);
    at = item.end;
  }
  return items;
}

/** 2.5.29.19 out of 55 1d 13. */
function dotted(octets: Buffer): string {
  const arcs: number[] = [];
  let value = 0;
  for (const octet of octets) {
    value = value * 128 + (octet & 0x7f);
    if ((octet & 0x80) !== 0) continue;
    if (arcs.length > 0) arcs.push(value);
    else arcs.push(Math.min(2, Math.floor(value / 40)), value - 40 * Math.min(2, Math.floor(value / 40)));
    value = 0;
  }
  return arcs.join(".");
}
