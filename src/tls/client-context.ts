/**
 * Our side of TLS as a client: certificate and key, whom we trust, ciphers and switches, read from the files that the
 * configuration names. What is wrong with them is said in words and never ends in less security than was asked for.
 */
import { closeSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext, DEFAULT_CIPHERS, type SecureContext, type SecureContextOptions } from "node:tls";
import { readSealed, type SealedFiles } from "../sys/sealed-file.ts";
import { explainUnopened, openSafely } from "../sys/safe-file.ts";
import { readSslOptions } from "./ssl-options.ts";

/** Values of options; "" for those that are not set. */
export interface ClientTlsSettings {
  /** ClientCertFile, ClientKeyFile: one or two, with a comma between them. */
  readonly certFile: string;
  readonly keyFile: string;
  /** CACertFile, CACertPath */
  readonly caFile: string;
  readonly caPath: string;
  /** CRLFile, CRLPath */
  readonly crlFile: string;
  readonly crlPath: string;
  /** CipherList (up to TLS 1.2), CipherSuites (TLS 1.3) */
  readonly cipherList: string;
  readonly cipherSuites: string;
  /** ClientSSLOptions */
  readonly sslOptions: string;
  /** Files that may not be read here. */
  readonly sealed?: SealedFiles | undefined;
  /** DontBlameSendmail */
  readonly dontBlame: ReadonlySet<string>;
}

export type ClientContext =
  | { readonly kind: "context"; readonly context: SecureContext; readonly warnings: readonly string[] }
  /** No handshake is possible; the text names the file or option. */
  | { readonly kind: "problem"; readonly reason: string };

export function openClientContext(settings: ClientTlsSettings): ClientContext {
  try {
    const { bits, unknown } = readSslOptions(settings.sslOptions);
    const warnings = unknown.map((word) => `ClientSSLOptions: ${word} has no effect`);
    const options: SecureContextOptions = {
      minVersion: "TLSv1.2",
      secureOptions: bits,
      ciphers: ciphersOf(settings),
      ca: authorities(settings, warnings),
      ...certificate(settings),
      ...withdrawn(settings),
    };
    return { kind: "context", context: createSecureContext(options), warnings };
  } catch (error) {
    return { kind: "problem", reason: error instanceof Error ? error.message : String(error) };
  }
}

function isSuite(name: string): boolean {
  return name.startsWith("TLS_");
}

/** The library takes both lists in one; what is not set is its own choice. */
function ciphersOf({ cipherList, cipherSuites }: ClientTlsSettings): string {
  const own = DEFAULT_CIPHERS.split(":");
  const suites = cipherSuites === "" ? own.filter(isSuite).join(":") : cipherSuites.replaceAll(/[\s,]+/g, ":");
  const older = cipherList === "" ? own.filter((name) => !isSuite(name)).join(":") : cipherList;
  return `${suites}:${older}`;
}

function certificate({ certFile, keyFile, dontBlame, sealed }: ClientTlsSettings): SecureContextOptions {
  if (certFile === "" && keyFile === "") return {};
  if (certFile === "") throw new Error("ClientKeyFile without ClientCertFile");
  const cert = namesOf(certFile).map((file) => readSealed(file, sealed));
  // The key may stand in the file of the certificate.
  const key = namesOf(keyFile === "" ? certFile : keyFile).map((file) => readSecret(file, dontBlame, sealed));
  return { cert, key };
}

function namesOf(text: string): string[] {
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
function withdrawn({ crlFile, crlPath, sealed }: ClientTlsSettings): SecureContextOptions {
  const crl = crlFile === "" ? [] : [readSealed(crlFile, sealed)];
  if (crlPath !== "") {
    const names = readdirSync(crlPath).filter((name) => /^[0-9a-f]{8}\.r[0-9]+$/i.test(name));
    if (names.length === 0) throw new Error(`CRLPath: no hashed lists in ${crlPath}`);
    crl.push(...names.map((name) => readFileSync(join(crlPath, name))));
  }
  return crl.length === 0 ? {} : { crl };
}

/** Only who is named is trusted: without CACertFile and CACertPath no certificate is. */
function authorities({ caFile, caPath, sealed }: ClientTlsSettings, warnings: string[]): Buffer[] {
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
