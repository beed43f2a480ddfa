/** What a ruleset says of one session's TLS (clt_features, tls_srv_features): `NAME=VALUE;NAME=VALUE`, unknown names aside. */

export type TlsFeature = "sslOptions" | "cipherList" | "certFile" | "keyFile";

const FEATURES: Readonly<Record<string, TlsFeature | undefined>> = {
  options: "sslOptions",
  cipherlist: "cipherList",
  certfile: "certFile",
  keyfile: "keyFile",
};

/** The settings that it changes; names in any letter case, the last of several counts. */
export function readTlsFeatures(text: string): Partial<Record<TlsFeature, string>> {
  const changed: Partial<Record<TlsFeature, string>> = {};
  for (const part of text.split(";")) {
    const at = part.indexOf("=");
    const name = FEATURES[part.slice(0, Math.max(0, at)).trim().toLowerCase()];
    if (name !== undefined) changed[name] = part.slice(at + 1).trim();
  }
  return changed;
}
