/** What a finished TLS handshake says about the other side, and the macros that tell rulesets. */
import { createHash, getHashes, X509Certificate } from "node:crypto";
import { checkServerIdentity, type TLSSocket } from "node:tls";
import { type CertificateNames, certificateNames } from "./certificate-names.ts";

/**
 * {verify}: NOT (nobody was asked for a certificate), OK (a certificate that leads to an authority we trust), FAIL (one that does not), NO (none was shown), NONE
 * (STARTTLS was not offered, or rules kept us from it), CLEAR (this connection is one without), TEMP, PROTOCOL (the server
 * refused, for now or for good, or our own side was not ready), SOFTWARE (the handshake failed). Of DANE: TRUSTED (the
 * certificate is one that DNS names), DANE_FAIL (it is not), DANE_NOTLS (there is no encryption, and DANE wants it).
 */
export type Verify =
  | "NOT"
  | "OK"
  | "FAIL"
  | "NO"
  | "NONE"
  | "CLEAR"
  | "TEMP"
  | "PROTOCOL"
  | "SOFTWARE"
  | "TRUSTED"
  | "DANE_FAIL"
  | "DANE_NOTLS";

export interface PeerFacts {
  readonly verify: Verify;
  /** Why not OK, in OpenSSL's words; "ok" otherwise. */
  readonly verifyMessage: string;
  /** "TLSv1.3" */
  readonly version: string;
  /** OpenSSL's name, "ECDHE-ECDSA-AES256-GCM-SHA384". */
  readonly cipher: string;
  /** Strength in use, and that of the algorithm. */
  readonly cipherBits: number;
  readonly algorithmBits: number;
  /** The certificate is for the name that we know the server by (RFC 6125). {verify} does not ask for that. */
  readonly bearsName: boolean;
  readonly certificate?: CertificateNames & { readonly fingerprint: Fingerprint };
  /** What the server has shown, its own certificate first; for those who asked for it (peerChain). */
  readonly chain?: readonly X509Certificate[];
}

export interface Fingerprint {
  readonly macro: "cert_md5" | "cert_fp";
  /** `EF:9B:...` */
  readonly value: string;
}

/**
 * @param name of the server
 * @param algorithm CertFingerprintAlgorithm; "" for MD5, which then is in {cert_md5}
 */
export function peerFacts(socket: TLSSocket, name: string, algorithm = ""): PeerFacts {
  const { name: cipher } = socket.getCipher();
  const [cipherBits, algorithmBits] = strength(cipher);
  const base = { version: socket.getProtocol() ?? "", cipher, cipherBits, algorithmBits };
  const raw = peerCertificate(socket);
  if (raw === undefined) return { ...base, bearsName: false, verify: "NO", verifyMessage: "no certificate" };
  const bearsName = isFor(name, socket);
  const certificate = { ...certificateNames(raw), fingerprint: fingerprint(raw, algorithm) };
  if (socket.authorized) return { ...base, bearsName, verify: "OK", verifyMessage: "ok", certificate };
  return { ...base, bearsName, verify: "FAIL", verifyMessage: inWords(socket.authorizationError), certificate };
}

/** Names in a certificate that cannot be read are nobody's. */
function isFor(name: string, socket: TLSSocket): boolean {
  try {
    return checkServerIdentity(name, socket.getPeerCertificate()) === undefined;
  } catch {
    return false;
  }
}

function peerCertificate(socket: TLSSocket): Buffer | undefined {
  const { raw } = socket.getPeerCertificate() as { readonly raw?: Buffer };
  return raw === undefined || raw.length === 0 ? undefined : raw;
}

/** Nobody shows more of them for a good reason. */
const MOST_CERTIFICATES = 20;

/** The certificates that were shown, the server's own first, each followed by who issued it. None that cannot be read. */
export function peerChain(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  type Shown = { readonly raw?: Buffer; readonly issuerCertificate?: Shown };
  const seen = new Set<Shown>();
  let each: Shown | undefined = socket.getPeerCertificate(true);
  while (each?.raw !== undefined && !seen.has(each) && chain.length < MOST_CERTIFICATES) {
    seen.add(each);
    try {
      chain.push(new X509Certificate(each.raw));
    } catch {
      return chain;
    }
    each = each.issuerCertificate;
  }
  return chain;
}

/** The type says that it is an Error; where the library looked itself it is a code such as UNABLE_TO_GET_ISSUER_CERT_LOCALLY. */
function inWords(error: unknown): string {
  const { message } = (error ?? {}) as { readonly message?: unknown };
  const said = [error, message].find((each) => typeof each === "string") ?? "not verified";
  // Behind the words of OpenSSL there may be advice for users of Node.
  const text = said.split(";", 1)[0];
  return /^[A-Z0-9_]+$/.test(text) ? text.toLowerCase().replaceAll("_", " ") : text;
}

const STRENGTHS: readonly (readonly [pattern: RegExp, used: number, algorithm: number])[] = [
  [/AES_?256|CHACHA20|CAMELLIA256|ARIA256/, 256, 256],
  [/AES_?128|CAMELLIA128|ARIA128/, 128, 128],
  [/3DES|DES-CBC3/, 112, 168],
];

/** Bits in use, and those of the algorithm; 0 for a cipher that is not known. */
export function strength(cipher: string): readonly [used: number, algorithm: number] {
  const found = STRENGTHS.find(([pattern]) => pattern.test(cipher));
  return found === undefined ? [0, 0] : [found[1], found[2]];
}

function fingerprint(raw: Buffer, algorithm: string): Fingerprint {
  const known = getHashes().some((name) => name.toLowerCase() === algorithm.toLowerCase());
  const digest = createHash(known ? algorithm : "md5")
    .update(raw)
    .digest("hex")
    .toUpperCase();
  return { macro: known ? "cert_fp" : "cert_md5", value: digest.replaceAll(/(..)(?=.)/g, "$1:") };
}

/** All macros of a handshake; those that do not apply are cleared, so that none of an earlier one is left. */
export function tlsMacros(verify: Verify, facts?: PeerFacts): (readonly [name: string, value: string | undefined])[] {
  const certificate = facts?.certificate;
  const print = certificate?.fingerprint;
  return [
    ["verify", verify],
    ["tls_version", facts?.version],
    ["cipher", facts?.cipher],
    ["cipher_bits", facts === undefined ? undefined : String(facts.cipherBits)],
    ["alg_bits", facts === undefined ? undefined : String(facts.algorithmBits)],
    ["cn_subject", certificate?.subjectName],
    ["cn_issuer", certificate?.issuerName],
    ["cert_subject", certificate?.subject],
    ["cert_issuer", certificate?.issuer],
    ["cert_md5", print?.macro === "cert_md5" ? print.value : undefined],
    ["cert_fp", print?.macro === "cert_fp" ? print.value : undefined],
  ];
}
