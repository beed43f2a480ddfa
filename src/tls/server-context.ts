/**
 * Our side of TLS as a server: the certificate, those for other names (RFC 6066 §3), whom we trust, ciphers and switches, read
 * from the files that the configuration names.
 */
import { constants, createHash, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { readSealed } from "../sys/sealed-file.ts";
import {
  authorities,
  certificateOf,
  type CertificateFiles,
  ciphersOf,
  fileNames,
  type TlsFiles,
  withdrawn,
} from "./context-files.ts";
import { isTestSubject } from "./self-signed-certificate.ts";
import { readSslOptions } from "./ssl-options.ts";

/** Values of options; "" for those that are not set. ServerCertFile, ServerKeyFile beside what both sides have. */
export interface ServerTlsSettings extends TlsFiles, CertificateFiles {
  /** ServerSSLOptions */
  readonly sslOptions: string;
  /** DHParameters */
  readonly dhParameters: string;
  /** ServerNameCerts: `CERT KEY, CERT KEY`; without KEY it stands in the file of the certificate. */
  readonly nameCerts: string;
}

export interface ServerCertificates {
  readonly kind: "context";
  readonly context: SecureContext;
  /** The context for the name that a client asks for; undefined when every client gets the same. */
  readonly forName: ((name: string) => SecureContext) | undefined;
  readonly warnings: readonly string[];
}

export type ServerContext =
  | ServerCertificates
  /** No handshake is possible; the text names the file or option. */
  | { readonly kind: "problem"; readonly reason: string };

/** Seconds that a ticket is good for. */
const SESSION_SECONDS = 3600;

/** @param ticketKeys 48 octets (ticket-keys.ts) */
export function openServerContext(settings: ServerTlsSettings, ticketKeys: Buffer): ServerContext {
  try {
    const { bits, unknown } = readSslOptions(settings.sslOptions);
    const warnings = unknown.map((word) => `ServerSSLOptions: ${word} has no effect`);
    const trusted = { ca: authorities(settings, warnings), ...withdrawn(settings) };
    const common: SecureContextOptions = {
      ...trusted,
      minVersion: "TLSv1.2",
      // Nobody needs renegotiation, and it is work for one side only.
      secureOptions: Number(BigInt(bits) | BigInt(constants.SSL_OP_NO_RENEGOTIATION)),
      ciphers: ciphersOf(settings),
      ticketKeys,
      sessionTimeout: SESSION_SECONDS,
      // Who was trusted when the session began is not when others are trusted now.
      sessionIdContext: digestOf(trusted.ca, trusted.crl ?? []),
      ...keyExchange(settings, warnings),
    };
    const open = (files: CertificateFiles): Certified => certified(files, settings, common);
    const own = open(settings);
    const others = nameCerts(settings.nameCerts).map(open);
    warnings.push(...[own, ...others].flatMap(warningOf));
    const forName = others.length === 0 ? undefined : chooser(own, others);
    return { kind: "context", context: own.context, forName, warnings };
  } catch (error) {
    return { kind: "problem", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** All files and folders that a context is made of: when one of them changes, it is another one. */
export function filesOf(settings: ServerTlsSettings): readonly string[] {
  const { certFile, keyFile, caFile, caPath, crlFile, crlPath, dhParameters } = settings;
  const others = nameCerts(settings.nameCerts).flatMap((each) => [each.certFile, each.keyFile]);
  const dh = dhParameters.startsWith("/") ? [dhParameters] : [];
  const all = [...fileNames(certFile), ...fileNames(keyFile), ...others, caFile, caPath, crlFile, crlPath, ...dh];
  return [...new Set(all)].filter((path) => path !== "");
}

/** The pairs of ServerNameCerts. */
export function nameCerts(text: string): readonly CertificateFiles[] {
  return fileNames(text).map((pair) => {
    const [certFile, keyFile = ""] = pair.split(/\s+/);
    return { certFile, keyFile };
  });
}

interface Certified {
  readonly context: SecureContext;
  readonly certificate: X509Certificate;
  readonly file: string;
}

function warningOf({ certificate, file }: Certified): string[] {
  if (!isTestSubject(certificate.subject)) return [];
  return [`${file} is a test certificate, which no client trusts: put one in its place that an authority has signed`];
}

function certified(files: CertificateFiles, settings: TlsFiles, common: SecureContextOptions): Certified {
  const { cert = [], key = [] } = certificateOf(files, settings, "Server");
  try {
    const context = createSecureContext({ ...common, cert, key });
    return { context, certificate: new X509Certificate(cert[0]), file: files.certFile };
  } catch (error) {
    // The library names no file; what it does not like may also be an option.
    throw new Error(`${files.certFile}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function chooser(own: Certified, others: readonly Certified[]): (name: string) => SecureContext {
  return (name) => {
    const bears = ({ certificate }: Certified): boolean => certificate.checkHost(name) !== undefined;
    return bears(own) ? own.context : (others.find(bears) ?? own).context;
  };
}

function digestOf(...lists: readonly (readonly Buffer[])[]): string {
  const hash = createHash("sha256");
  for (const list of lists) for (const octets of [Buffer.from("|"), ...list]) hash.update(octets);
  // The longest that the protocol has.
  return hash.digest("hex").slice(0, 32);
}

/** DHParameters, for clients without elliptic curves: none, one of the library's own groups, or those of a file. */
function keyExchange({ dhParameters, sealed }: ServerTlsSettings, warnings: string[]): SecureContextOptions {
  const word = dhParameters.toLowerCase();
  if (word.startsWith("n")) return {};
  if (dhParameters.startsWith("/")) return { dhparam: readSealed(dhParameters, sealed) };
  if (!/^(?:|2|2048|i|auto)$/.test(word)) {
    warnings.push(
      `DHParameters=${dhParameters} has no effect: groups have as many bits as the key asks for, 2048 or more`,
    );
  }
  return { dhparam: "auto" };
}
