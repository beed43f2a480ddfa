/** Options about TLS that count for the server and the client alike. */
import { dontBlameOf } from "./policies.ts";
import type { Options } from "./config.ts";

/** Whom we trust, which ciphers, and how careful we are with files. */
export function sharedTlsSettings(options: Options) {
  return {
    caFile: options.text("CACertFile"),
    caPath: options.text("CACertPath"),
    crlFile: options.text("CRLFile"),
    crlPath: options.text("CRLPath"),
    cipherList: options.text("CipherList"),
    cipherSuites: options.text("CipherSuites"),
    dontBlame: dontBlameOf(options),
  };
}
