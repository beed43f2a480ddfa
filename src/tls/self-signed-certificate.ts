/**
 * A certificate for trying TLS out: a P-256 key that vouches for itself (RFC 5280; Node reads certificates and writes none).
 * Only what such a certificate needs is written here, in DER (X.690); why there is no library for it:
 * docs/decisions/0022-test-certificates.md.
 */
import { createHash, type KeyObject, sign } from "node:crypto";
import { isIP } from "node:net";
import { domainToASCII } from "node:url";

export interface CertificateWishes {
  /** Whom it is for: a host name or an address, also as in mail addresses (`[192.0.2.1]`, `[IPv6:2001:db8::1]`). */
  readonly host: string;
  /** P-256, both halves of one key. */
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** A positive number of at most 20 octets (RFC 5280 §4.1.2.2). */
  readonly serial: Buffer;
  /** First and last moment, ms since the epoch; parts of a second do not count. */
  readonly from: number;
  readonly until: number;
}

/** The organization that stands in the subject, so that nobody takes it for more than it is. */
const ORGANIZATION = "rulemail test certificate";

/** Octets of a common name (RFC 5280, appendix A: ub-common-name). */
const LONGEST_COMMON_NAME = 64;

/** Whether a subject, as node:crypto writes it, is that of a certificate made here. */
export function isTestSubject(subject: string | undefined): boolean {
  return subject?.split("\n").includes(`O=${ORGANIZATION}`) === true;
}

/** Whether a certificate can be for this host. */
export function isCertificateHost(host: string): boolean {
  return alternativeName(host) !== undefined;
}

/**
 * The certificate, in DER (RFC 5280 §4.1).
 * @throws RangeError when the host is neither a name nor an address
 */
export function selfSignedCertificate(wishes: CertificateWishes): Buffer {
  const name = alternativeName(wishes.host);
  if (name === undefined) throw new RangeError(`"${wishes.host}" is no host name that a certificate could be for`);
  const key = wishes.publicKey.export({ type: "spki", format: "der" });
  const subject = distinguishedName(name.text);
  const body = sequence(
    explicit(0, integer(Buffer.of(2))), // version 3: it has extensions
    integer(wishes.serial),
    ECDSA_WITH_SHA256,
    subject, // the issuer, which is itself
    sequence(time(wishes.from), time(wishes.until)),
    subject,
    key,
    explicit(3, sequence(...extensions(name.octets, key))),
  );
  return sequence(body, ECDSA_WITH_SHA256, bits(sign("sha256", body, wishes.privateKey)));
}

/** RFC 5280 §4.2. Critical are those that narrow what the key may do. */
function extensions(name: Buffer, key: Buffer): Buffer[] {
  const DIGITAL_SIGNATURE = tlv(Tag.bits, Buffer.of(7, 0x80)); // seven of the eight bits do not count
  // RFC 7093 §2, method 1. The point of the key stands at the end of its description: 0x04, x, y.
  const keyId = createHash("sha256").update(key.subarray(-65)).digest().subarray(0, 20);
  return [
    extension("2.5.29.19", sequence(), "critical"), // basicConstraints: no authority (§4.2.1.9)
    extension("2.5.29.15", DIGITAL_SIGNATURE, "critical"), // keyUsage (§4.2.1.3)
    extension("2.5.29.37", sequence(objectId("1.3.6.1.5.5.7.3.1"))), // extKeyUsage: serverAuth (§4.2.1.12)
    extension("2.5.29.17", sequence(name)), // subjectAltName (§4.2.1.6)
    extension("2.5.29.14", tlv(Tag.octets, keyId)), // subjectKeyIdentifier (§4.2.1.2)
  ];
}

interface AlternativeName {
  readonly text: string;
  readonly octets: Buffer;
}

/** GeneralName of a host (RFC 5280 §4.2.1.6): iPAddress or dNSName, in A-labels. */
function alternativeName(host: string): AlternativeName | undefined {
  const address = /^\[(?:IPv6:)?(.+)\]$/i.exec(host)?.[1] ?? host;
  if (isIP(address) !== 0) return { text: address, octets: tlv(Tag.address, addressOctets(address)) };
  const name = asciiName(host);
  return name === undefined ? undefined : { text: name, octets: tlv(Tag.dnsName, Buffer.from(name, "ascii")) };
}

const LABEL = /^(?!-)[\w-]{1,63}(?<!-)$/;

/** A host name as it stands in the DNS, without a dot at the end; undefined when it is none (RFC 1123 §2.1, and `_`). */
function asciiName(host: string): string | undefined {
  const whole = host.replace(/\.$/, "");
  const name = /^[\x21-\x7e]*$/.test(whole) ? whole : domainToASCII(whole);
  return name.length <= 253 && name.split(".").every((label) => LABEL.test(label)) ? name : undefined;
}

function addressOctets(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  // The URL parser writes every form in the same way: hexadecimal, with at most one `::`.
  const halves = new URL(`http://[${address.replace(/%.*$/, "")}]`).hostname.slice(1, -1).split("::");
  const [head, tail = Buffer.of()] = halves.map((half) =>
    Buffer.from(
      half.replaceAll(/(\w+):?/g, (_whole, group: string) => group.padStart(4, "0")),
      "hex",
    ),
  );
  return Buffer.concat([head, Buffer.alloc(16 - head.length - tail.length), tail]);
}

/** RDNSequence (RFC 5280 §4.1.2.4). A common name that would be too long is left out: names are looked for elsewhere. */
function distinguishedName(commonName: string): Buffer {
  const attribute = (type: string, value: string): Buffer =>
    tlv(Tag.set, sequence(objectId(type), tlv(Tag.utf8, Buffer.from(value, "utf8"))));
  const organization = attribute("2.5.4.10", ORGANIZATION);
  if (commonName.length > LONGEST_COMMON_NAME) return sequence(organization);
  return sequence(organization, attribute("2.5.4.3", commonName));
}

/** UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280 §4.1.2.5): `YYMMDDHHMMSSZ`, `YYYYMMDDHHMMSSZ`. */
function time(at: number): Buffer {
  const digits = `${new Date(at).toISOString().slice(0, 19).replaceAll(/\D/g, "")}Z`;
  const isShort = digits < "2050";
  return tlv(isShort ? Tag.utcTime : Tag.generalizedTime, Buffer.from(isShort ? digits.slice(2) : digits, "ascii"));
}

const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  objectId: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  dnsName: 0x82,
  address: 0x87,
  explicit: 0xa0,
} as const;

/** RFC 5758 §3.2: no parameters. */
const ECDSA_WITH_SHA256 = sequence(objectId("1.2.840.10045.4.3.2"));

/** Tag, length, contents (X.690 §8.1, §10.1: lengths are as short as can be). */
function tlv(tag: number, ...contents: readonly Buffer[]): Buffer {
  const value = Buffer.concat(contents);
  if (value.length < 0x80) return Buffer.concat([Buffer.of(tag, value.length), value]);
  const length = minimal(value.length);
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, value]);
}

/** Big endian, without zeros in front. */
function minimal(number: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(number);
  return octets.subarray(octets.findIndex((octet) => octet !== 0));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(Tag.sequence, ...parts);
}

function explicit(number: number, content: Buffer): Buffer {
  return tlv(Tag.explicit | number, content);
}

/** Not negative: with its first bit set a zero goes in front (X.690 §8.3). */
function integer(octets: Buffer): Buffer {
  const start = octets.findIndex((octet) => octet !== 0);
  const short = start < 0 ? Buffer.of(0) : octets.subarray(start);
  return tlv(Tag.integer, short[0] < 0x80 ? short : Buffer.concat([Buffer.of(0), short]));
}

/** Whole octets. */
function bits(octets: Buffer): Buffer {
  return tlv(Tag.bits, Buffer.of(0), octets);
}

/** X.690 §8.19: 40 times the first arc and the second in one, then seven bits in each octet. */
function objectId(text: string): Buffer {
  const [first, second, ...arcs] = text.split(".").map(Number);
  const octets = [40 * first + second, ...arcs].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let rest = arc >>> 7; rest > 0; rest >>>= 7) digits.unshift(0x80 | (rest & 0x7f));
    return digits;
  });
  return tlv(Tag.objectId, Buffer.from(octets));
}

function extension(id: string, value: Buffer, critical?: "critical"): Buffer {
  const flag = critical === undefined ? [] : [tlv(Tag.boolean, Buffer.of(0xff))];
  return sequence(objectId(id), ...flag, tlv(Tag.octets, value));
}
