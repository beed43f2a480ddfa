/** Keys that setup makes: of TLS, with a certificate that vouches for itself, and of DKIM, with the record for DNS. */
import {
  createPublicKey,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  type KeyObject,
  X509Certificate,
} from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { publicRecord, zoneLine } from "../../authentication/signing/public-record.ts";
import { isCertificateHost, selfSignedCertificate } from "../../tls/self-signed-certificate.ts";
import type { PlannedFile } from "./planned-file.ts";
import { dkimFolder, SELECTOR, tlsFiles } from "./settings-files.ts";
import { receives, signs, type Wishes } from "./wishes.ts";

const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;
/** Long enough to be forgotten about is long enough to be replaced before: ten years. */
const LIFETIME = 3650 * DAY - SECOND;
const SERIAL_OCTETS = 16;
/** RFC 8301 §3.2. */
const RSA_BITS = 2048;
const ED25519_BITS = 256;
const SECRET = 0o600;

/** What is to be written, and only where neither key nor certificate is there. @param now ms since the epoch */
export function tlsKey(wishes: Wishes, now: number): readonly PlannedFile[] {
  if (!receives(wishes) || wishes.certificate !== undefined) return [];
  const { certFile, keyFile } = tlsFiles(wishes);
  if (existsSync(certFile) || existsSync(keyFile)) return [];
  const { host } = wishes;
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const from = now - DAY;
  const certificate = selfSignedCertificate({
    host: isCertificateHost(host) ? host : "localhost",
    privateKey,
    publicKey,
    serial: randomBytes(SERIAL_OCTETS),
    from,
    until: from + LIFETIME,
  });
  return [
    { path: keyFile, text: pem(privateKey), mode: SECRET, isSecret: true },
    { path: certFile, text: new X509Certificate(certificate).toString(), mode: 0o644, isSecret: true },
  ];
}

function pem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function dkimKeyFile({ domain, places }: Wishes): string {
  return join(dkimFolder(places), domain, `${SELECTOR}.private`);
}

export function dkimKey(wishes: Wishes): readonly PlannedFile[] {
  const path = dkimKeyFile(wishes);
  if (!signs(wishes) || existsSync(path)) return [];
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: RSA_BITS });
  return [{ path, text: pem(privateKey), mode: SECRET, isSecret: true }];
}

/** The record of the key that is there: `mail._domainkey.example.com. IN TXT ...`; undefined without one that can be read. */
export function dkimLine(wishes: Wishes): string | undefined {
  try {
    const key = createPrivateKey(readFileSync(dkimKeyFile(wishes)));
    const algorithm = key.asymmetricKeyType === "ed25519" ? "ed25519" : "rsa";
    const bits = key.asymmetricKeyDetails?.modulusLength ?? ED25519_BITS;
    return zoneLine(SELECTOR, wishes.domain, publicRecord({ key, algorithm, bits }));
  } catch {
    return undefined;
  }
}

/** DER of the public key in the certificate, as TLSA 3 1 1 wants it; undefined without one that can be read. */
export function certificateKey(wishes: Wishes): Buffer | undefined {
  try {
    const { publicKey } = new X509Certificate(readFileSync(tlsFiles(wishes).certFile));
    return createPublicKey(publicKey.export({ type: "spki", format: "pem" })).export({ type: "spki", format: "der" });
  } catch {
    return undefined;
  }
}
