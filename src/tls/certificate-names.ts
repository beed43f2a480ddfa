/**
 * Names of a certificate as rulesets and access tables see them (manual, STARTTLS): one line, `/C=DE/O=Example/CN=mx.test`,
 * with `+HH` for every octet that rules could stumble over.
 */
import { X509Certificate } from "node:crypto";

export interface CertificateNames {
  /** {cert_subject} */
  readonly subject: string;
  /** {cert_issuer} */
  readonly issuer: string;
  /** {cn_subject} */
  readonly subjectName: string;
  /** {cn_issuer} */
  readonly issuerName: string;
}

/** What {cn_subject} and {cn_issuer} say of a certificate without a usable common name. */
const NO_NAME = "BadCertificateUnknown";
const NUL_IN_NAME = "BadCertificateContainsNUL";
const TOO_LONG = "BadCertificateTooLong";
/** Octets of a common name (RFC 5280 has 64; some authorities give more). */
const LONGEST_NAME = 256;

/** @param raw DER */
export function certificateNames(raw: Buffer): CertificateNames {
  const certificate: Partial<Pick<X509Certificate, "subject" | "issuer">> = new X509Certificate(raw);
  // Some have no name but those of the extension: the type does not know it.
  const subject = attributes(certificate.subject ?? "");
  const issuer = attributes(certificate.issuer ?? "");
  return {
    subject: encodeName(oneLine(subject)),
    issuer: encodeName(oneLine(issuer)),
    subjectName: commonName(subject),
    issuerName: commonName(issuer),
  };
}

type Attribute = readonly [type: string, value: string];

/** The library's form, a line for each part, escaped as in RFC 2253: `O=Example\, Inc` LF `CN=mx.test`. */
function attributes(text: string): Attribute[] {
  return text
    .split(/\n|(?<!\\) \+ /)
    .filter((line) => line.includes("="))
    .map((line) => [line.slice(0, line.indexOf("=")), unescaped(line.slice(line.indexOf("=") + 1))] as const);
}

/** Octets as latin1. */
function unescaped(text: string): string {
  return Buffer.from(text, "utf8")
    .toString("latin1")
    .replaceAll(/\\(?:([0-9A-Fa-f]{2})|([^]))/g, (_whole, hex: string | undefined, plain: string | undefined) =>
      hex === undefined ? (plain ?? "") : String.fromCharCode(Number.parseInt(hex, 16)),
    );
}

/** As OpenSSL writes it: octets that are not printable ASCII are `\xHH`. */
function oneLine(parts: readonly Attribute[]): string {
  return parts.map(([type, value]) => `/${type}=${value.replaceAll(/[^\x20-\x7e]/g, hexEscape)}`).join("");
}

function hexEscape(octet: string): string {
  return `\\x${hexOf(octet)}`;
}

function hexOf(octet: string): string {
  return octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
}

function commonName(parts: readonly Attribute[]): string {
  const name = parts.findLast(([type]) => type === "CN")?.[1];
  if (name === undefined || name === "") return NO_NAME;
  if (name.includes("\0")) return NUL_IN_NAME;
  return name.length > LONGEST_NAME ? TOO_LONG : encodeName(name);
}

/** `+HH` for what is not printable, blanks, and `<>()"+\`. */
export function encodeName(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]|[<>()"+\\]/g, (octet) => `+${hexOf(octet)}`);
}
