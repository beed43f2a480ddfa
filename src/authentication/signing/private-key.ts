/** A private key that signs mail: PEM (PKCS #8, or the older form of RSA keys) with RSA or Ed25519 (RFC 8301, RFC 8463). */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { KeyProblem, type KeyFiles } from "./key-files.ts";

export type KeyAlgorithm = "rsa" | "ed25519";

export interface PrivateKey {
  readonly key: KeyObject;
  readonly algorithm: KeyAlgorithm;
  /** Of the modulus; 256 for Ed25519. */
  readonly bits: number;
}

/** Verifiers refuse shorter ones (RFC 8301 §3.2). */
const FEWEST_BITS = 1024;

/** Throws KeyProblem. */
export function readPrivateKey(files: KeyFiles, path: string): PrivateKey {
  return files.read(path, "key", (octets) => parsePrivateKey(octets, path));
}

/** @param path for messages. Throws KeyProblem. */
export function parsePrivateKey(octets: Buffer, path: string): PrivateKey {
  let key: KeyObject;
  try {
    key = createPrivateKey(octets);
  } catch {
    // What OpenSSL says could hold parts of the file.
    throw new KeyProblem(`${path}: no private key in PEM without a passphrase`);
  }
  if (key.asymmetricKeyType === "ed25519") return { key, algorithm: "ed25519", bits: 256 };
  if (key.asymmetricKeyType !== "rsa") {
    throw new KeyProblem(`${path}: a key of kind ${key.asymmetricKeyType ?? "unknown"}: DKIM knows RSA and Ed25519`);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < FEWEST_BITS) {
    throw new KeyProblem(`${path}: an RSA key of ${bits} bits: those below ${FEWEST_BITS} are refused everywhere`);
  }
  return { key, algorithm: "rsa", bits };
}
