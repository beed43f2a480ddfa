/**
 * Our side of TLS as a client: certificate and key, whom we trust, ciphers and switches, read from the files that the
 * configuration names. What is wrong with them is said in words and never ends in less security than was asked for.
 */
import { createSecureContext, rootCertificates, type SecureContext, type SecureContextOptions } from "node:tls";
import {
  authorities,
  certificateOf,
  type CertificateFiles,
  ciphersOf,
  type TlsFiles,
  withdrawn,
} from "./context-files.ts";
import { readSslOptions } from "./ssl-options.ts";

/** Values of options; "" for those that are not set. ClientCertFile, ClientKeyFile beside what both sides have. */
export interface ClientTlsSettings extends TlsFiles, CertificateFiles {
  /** ClientSSLOptions */
  readonly sslOptions: string;
  /** Also trusts whom browsers trust (MTA-STS, RFC 8461 §4.2). */
  readonly publicTrust?: boolean;
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
      ca: [...authorities(settings, warnings), ...(settings.publicTrust === true ? rootCertificates : [])],
      ...certificateOf(settings, settings, "Client"),
      ...withdrawn(settings),
    };
    return { kind: "context", context: createSecureContext(options), warnings };
  } catch (error) {
    return { kind: "problem", reason: error instanceof Error ? error.message : String(error) };
  }
}
