/**
 * What both sides of TLS read from the files and options that a configuration names: certificates and keys, whom we trust,
 * what was withdrawn, ciphers. Nothing that is wrong with them ends in less security than was asked for: it is thrown, in
 * words that name the file or option.
 */
import { closeSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_CIPHERS } from "node:tls";
import { readSealed, type SealedFiles } from "../sys/sealed-file.ts";
import { explainUnopened, openSafely } from "../sys/safe-file.ts";

/** Values of options; "" for those that are not set. */
export interface TlsFiles {
  /** CACertFile, CACertPath */
  readonly caFile: string;
  readonly caPath: string;
  /** CRLFile, CRLPath */
  readonly crlFile: string;
  readonly crlPath: string;
  /** CipherList (up to TLS 1.2), CipherSuites (TLS 1.3) */
  readonly cipherList: string;
  readonly cipherSuites: string;
  /** Files that may not be read here. */
  readonly sealed?: SealedFiles | undefined;
  /** DontBlameSendmail */
  readonly dontBlame: ReadonlySet<string>;
}

function isSuite(name: string): boolean {
  return name.startsWith("TLS_");
}

/** The library takes both lists in one; what is not set is its own choice. */
export function ciphersOf({ cipherList, cipherSuites }: TlsFiles): string {
  const own = DEFAULT_CIPHERS.split(":");
  const suites = cipherSuites === "" ? own.filter(isSuite).join(":") : cipherSuites.replaceAll(/[\s,]+/g, ":");
  const older = cipherList === "" ? own.filter((name) => !isSuite(name)).join(":") : cipherList;
  return `${suites}:${older}`;
}

/** One or two, with a comma between them. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/**
 * Certificates with their keys.
 * @param side "Client" or "Server", as the options are called
 */
export function certificateOf(
  { certFile, keyFile }: CertificateFiles,
  { dontBlame, sealed }: TlsFiles,
  side: "Client" | "Server",
): { cert?: Buffer[]; key?: Buffer[] } {
  if (certFile === "" && keyFile === "") return {};
  if (certFile === "") throw new Error(`${side}KeyFile without ${side}CertFile`);
  const cert = fileNames(certFile).map((file) => readSealed(file, sealed));
  // The key may stand in the file of the certificate.
  const key = fileNames(keyFile === "" ? certFile : keyFile).map((file) => readSecret(file, dontBlame, sealed));
  return { cert, key };
}

export function fileNames(text: string): string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** A key that others can read is no secret: it is not used, as sendmail does not. */
function readSecret(file: string, dontBlame: ReadonlySet<string>, sealed: SealedFiles | undefined): Buffer {
  const opened = openSafely(file, "key", { dontBlame });
  const known = opened.kind === "failed" && opened.code === "EACCES" ? sealed?.get(file) : undefined;
  if (known !== undefined) return known;
  if (opened.kind !== "open") throw new Error(`${file}: ${explainUnopened(opened)}`);
  try {
    return readFileSync(opened.fd);
  } finally {
    closeSync(opened.fd);
  }
}

/**
 * CRLFile and the lists in CRLPath, by the names that `openssl rehash` gives them. A folder that is asked for and has none, or
 * one that cannot be read, must not mean that nothing was withdrawn.
 */
export function withdrawn({ crlFile, crlPath, sealed }: TlsFiles): { crl?: Buffer[] } {
  const crl = crlFile === "" ? [] : [readSealed(crlFile, sealed)];
  if (crlPath !== "") {
    const names = readdirSync(crlPath).filter((name) => /^[0-9a-f]{8}\.r[0-9]+$/i.test(name));
    if (names.length === 0) throw new Error(`CRLPath: no hashed lists in ${crlPath}`);
    crl.push(...names.map((name) => readFileSync(join(crlPath, name))));
  }
  return crl.length === 0 ? {} : { crl };
}

/** Only who is named is trusted: without CACertFile and CACertPath no certificate is. */
export function authorities({ caFile, caPath, sealed }: TlsFiles, warnings: string[]): Buffer[] {
  const found = caFile === "" ? [] : [readSealed(caFile, sealed)];
  if (caPath === "") return found;
  // As OpenSSL does: only files whose names are hashes (c_rehash).
  const names = readdirSync(caPath).filter((name) => /^[0-9a-f]{8}\.[0-9]+$/i.test(name));
  if (names.length === 0 && caFile === "") warnings.push(`CACertPath: no hashed certificates in ${caPath}`);
  for (const name of names) {
    try {
      found.push(readFileSync(join(caPath, name)));
    } catch (error) {
      warnings.push(`CACertPath: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return found;
}
