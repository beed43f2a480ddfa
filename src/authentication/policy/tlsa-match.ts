/**
 * The certificates that a server has shown, beside its TLSA records (RFC 7671 §5, RFC 7672 §3).
 *
 * DANE-EE(3): the server's own certificate is the one, and nothing else in it counts, neither names nor dates. DANE-TA(2):
 * its certificate leads to the one that the record is about, by way of others that were shown, every signature is right,
 * all are in date, and it bears one of the names. Node does none of this; what OpenSSL thought of the chain is not asked.
 */
import { createHash, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { certificateParts } from "../../tls/certificate-parts.ts";
import type { TlsFailureType } from "../reports/tls-events.ts";
import { DANE_EE, DANE_TA, FULL, type TlsaRecord } from "./tlsa.ts";

export type TlsaMatch =
  | { readonly kind: "match"; readonly record: TlsaRecord }
  | { readonly kind: "mismatch"; readonly type: TlsFailureType; readonly reason: string };

/** Nobody needs a longer way. */
const LONGEST_CHAIN = 12;

/**
 * @param chain as it was shown, the server's own certificate first, each followed by who issued it
 * @param names reference identifiers, without final dots (RFC 7672 §3.2.2)
 * @param now ms since the epoch
 */
export function matchTlsa(
  records: readonly TlsaRecord[],
  chain: readonly X509Certificate[],
  names: readonly string[],
  now: number,
): TlsaMatch {
  const [own] = chain;
  if (own === undefined) return mismatch("certificate-not-trusted", "the server has shown no certificate");
  for (const record of records) {
    if (record.usage === DANE_EE && isAbout(record, own)) return { kind: "match", record };
  }
  let problem: TlsaMatch | undefined;
  for (const record of records) {
    if (record.usage !== DANE_TA) continue;
    const path = pathTo(record, chain.slice(0, LONGEST_CHAIN));
    if (path === undefined) continue;
    const wrong = pathProblem(path, names, now);
    if (wrong === undefined) return { kind: "match", record };
    problem ??= wrong;
  }
  return problem ?? mismatch("certificate-not-trusted", "no TLSA record is about the certificate of the server");
}

type Mismatch = Extract<TlsaMatch, { kind: "mismatch" }>;

function mismatch(type: TlsFailureType, reason: string): Mismatch {
  return { kind: "mismatch", type, reason };
}

function isAbout({ selector, matching, data }: TlsaRecord, certificate: X509Certificate): boolean {
  const selected = selector === 0 ? certificate.raw : certificateParts(certificate.raw)?.publicKeyInfo;
  if (selected === undefined) return false;
  if (matching === FULL) return selected.equals(data);
  return createHash(matching === 1 ? "sha256" : "sha512")
    .update(selected)
    .digest()
    .equals(data);
}

/** The server's certificate and those above it, up to what is trusted. */
interface Path {
  readonly certificates: readonly X509Certificate[];
  /** Who has signed the last of these, when it is not among them: a key that the record holds. */
  readonly key?: KeyObject;
}

function pathTo(record: TlsaRecord, chain: readonly X509Certificate[]): Path | undefined {
  const anchor = chain.findIndex((each, at) => at > 0 && isAbout(record, each));
  if (anchor > 0) return { certificates: chain.slice(0, anchor + 1) };
  // RFC 7671 §5.2.2: a record with all of it says enough; the server need not show it.
  return record.matching === FULL ? pathToUnshown(record, chain) : undefined;
}

function pathToUnshown({ selector, data }: TlsaRecord, chain: readonly X509Certificate[]): Path | undefined {
  try {
    if (selector === 0) {
      const anchor = new X509Certificate(data);
      const last = chain.findIndex((each) => each.checkIssued(anchor) && each.verify(anchor.publicKey));
      return last < 0 ? undefined : { certificates: [...chain.slice(0, last + 1), anchor] };
    }
    const key = createPublicKey({ key: data, format: "der", type: "spki" });
    const last = chain.findIndex((each) => each.verify(key));
    return last < 0 ? undefined : { certificates: chain.slice(0, last + 1), key };
  } catch {
    // No certificate, no key, or one of a kind that is not known: the record is about nothing.
    return undefined;
  }
}

/** keyUsage, subjectAltName, basicConstraints, certificatePolicies, extendedKeyUsage: looked at here, or without meaning here. */
const UNDERSTOOD: ReadonlySet<string> = new Set(["2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.32", "2.5.29.37"]);
const SERVER_AUTH = new Set(["1.3.6.1.5.5.7.3.1", "2.5.29.37.0"]);

/** What is wrong with the way to the anchor (RFC 5280 §6.1, as far as it is about servers). */
function pathProblem({ certificates, key }: Path, names: readonly string[], now: number): Mismatch | undefined {
  const [own] = certificates;
  for (let at = 0; at < certificates.length; at++) {
    const problem = certificateProblem(certificates, at, now) ?? signatureProblem(certificates, at, key);
    if (problem !== undefined) return problem;
  }
  // An old certificate may have no extension for it.
  const purposes = own.keyUsage as readonly string[] | undefined;
  if (purposes?.some((each) => SERVER_AUTH.has(each)) === false) {
    return mismatch("certificate-not-trusted", "the certificate is not for servers");
  }
  if (names.some((name) => bears(own, name))) return undefined;
  return mismatch("certificate-host-mismatch", `the certificate is not for ${names.join(", ")}`);
}

function certificateProblem(path: readonly X509Certificate[], at: number, now: number): Mismatch | undefined {
  const certificate = path[at];
  const what = at === 0 ? "the certificate" : `the certificate of "${shown(certificate)}"`;
  const parts = certificateParts(certificate.raw);
  const unknown = parts?.critical.find((each) => !UNDERSTOOD.has(each));
  if (parts === undefined || unknown !== undefined) {
    return mismatch("certificate-not-trusted", `${what} has parts that are not understood (${unknown ?? "damaged"})`);
  }
  if (now < Date.parse(certificate.validFrom)) return mismatch("certificate-expired", `${what} is not valid yet`);
  if (now > Date.parse(certificate.validTo)) {
    return mismatch("certificate-expired", `${what} has expired (${certificate.validTo})`);
  }
  if (at === 0) return undefined;
  // Before version 3 there was no extension to say so; an anchor is trusted as it is.
  const mayIssue = parts.isAuthority ?? at === path.length - 1;
  const below = path.slice(1, at).filter((each) => each.subject !== each.issuer).length;
  return mayIssue && below <= (parts.pathLength ?? Infinity)
    ? undefined
    : mismatch("certificate-not-trusted", `${what} must not issue the one below it`);
}

function signatureProblem(
  path: readonly X509Certificate[],
  at: number,
  key: KeyObject | undefined,
): Mismatch | undefined {
  const issuer = path.at(at + 1);
  // The anchor: nobody has to vouch for it.
  if (issuer === undefined && key === undefined) return undefined;
  if (isSigned(path[at], issuer, key)) return undefined;
  return mismatch("certificate-not-trusted", `the signature on the certificate of "${shown(path[at])}" is wrong`);
}

function isSigned(one: X509Certificate, issuer: X509Certificate | undefined, key: KeyObject | undefined): boolean {
  try {
    if (issuer === undefined) return key !== undefined && one.verify(key);
    return one.checkIssued(issuer) && one.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function shown({ subject }: X509Certificate): string {
  return ((subject as string | undefined) ?? "").replaceAll("\n", "/");
}

/** RFC 7672 §3.2.3: names of the extension; the common name where there are none. */
function bears(certificate: X509Certificate, name: string): boolean {
  return certificate.checkHost(name, { subject: "default", wildcards: true, partialWildcards: false }) !== undefined;
}
