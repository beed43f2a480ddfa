/**
 * Questions to octets and replies to records, through dns2's codec; the only file of the server that imports it.
 *
 * Foreign octets: what cannot be read is left out by the codec, never guessed. Whether a reply belongs to a question
 * is decided here, on the octets: id, QR, opcode, and the question section byte for byte (letter case aside).
 */
import { randomInt } from "node:crypto";
import { Packet, type Resource } from "dns2";
import type { DnsRecord, RecordType } from "./resolver.ts";

/** Numbers of the types that are asked for (RFC 1035 and later). */
const TYPE_NUMBERS: Readonly<Record<RecordType, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AFSDB: 18,
  AAAA: 28,
  SRV: 33,
  TLSA: 52,
};
const TYPE_NAMES = new Map(Object.entries(TYPE_NUMBERS).map(([name, number]) => [number, name as RecordType]));
const SOA = 6;
/** A size that no path has to split (DNS flag day 2020). */
const EDNS_SIZE = 1232;
const HEADER_OCTETS = 12;
const RD = 0x01;
const AD = 0x20;

export interface Query {
  readonly octets: Buffer;
  readonly name: string;
  /** End of the question section. */
  readonly questionEnd: number;
}

/**
 * A question with a random id. Throws for a name that does not fit into a question; `validName` tells first.
 * @param edns false for servers that do not understand the OPT record
 */
export function encodeQuery(name: string, type: RecordType, edns: boolean): Query {
  const packet = new Packet();
  packet.questions = [new Packet.Question(name, TYPE_NUMBERS[type], 1)];
  if (edns) packet.additionals = [Packet.Resource.EDNS([], { udpPayloadSize: EDNS_SIZE })];
  const octets = packet.toBuffer();
  octets.writeUInt16BE(randomInt(0x10000), 0);
  octets[2] |= RD;
  // Asks for the AD bit without asking for signatures (RFC 6840 §5.7).
  octets[3] |= AD;
  return { octets, name, questionEnd: HEADER_OCTETS + questionOctets(name) };
}

/** Octets of name, type and class in the question section. */
function questionOctets(name: string): number {
  return (name === "" ? 1 : name.length + 2) + 4;
}

/** True when the name can be asked for: labels of 1 to 63 octets, 253 in all (RFC 1035 §2.3.4). */
export function validName(name: string): boolean {
  return name.length <= 253 && /^[^.\u0100-\uffff]{1,63}(?:\.[^.\u0100-\uffff]{1,63})*$/.test(name);
}

/** True when `reply` answers exactly this question (RFC 5452 §9.1). */
export function belongsTo(reply: Buffer, query: Query): boolean {
  const { octets, questionEnd } = query;
  if (reply.length < questionEnd || reply.readUInt16BE(0) !== octets.readUInt16BE(0)) return false;
  const isReply = (reply[2] & 0xf8) === 0x80; // QR set, opcode 0
  if (!isReply || reply.readUInt16BE(4) !== 1) return false;
  const asked = octets.toString("latin1", HEADER_OCTETS, questionEnd).toLowerCase();
  return reply.toString("latin1", HEADER_OCTETS, questionEnd).toLowerCase() === asked;
}

export interface Reply {
  readonly rcode: number;
  readonly truncated: boolean;
  /** The AD bit. */
  readonly authenticated: boolean;
  readonly answers: readonly DnsRecord[];
  /** Seconds that a negative answer may be kept (RFC 2308 §5), when the reply tells. */
  readonly negativeTtl: number | undefined;
}

/** Reads a reply that belongs to its question; undefined when it is damaged. */
export function decodeReply(octets: Buffer): Reply | undefined {
  let packet: Packet;
  try {
    packet = Packet.parse(octets);
  } catch {
    return undefined;
  }
  const truncated = packet.header.tc === 1;
  // Damage inside a truncated reply does not matter: it is asked again over TCP.
  if (packet.errors.some((error) => !error.recovered) && !truncated) return undefined;
  const soa = packet.authorities.find((record) => record.type === SOA);
  return {
    rcode: packet.header.rcode,
    truncated,
    authenticated: (octets[3] & AD) !== 0,
    answers: packet.answers.map(toRecord).filter((record) => record !== undefined),
    negativeTtl: soa && Math.min(soa.ttl, soa.minimum ?? 0),
  };
}

type Base = Pick<DnsRecord, "name" | "type" | "ttl">;

/** How the data of each type is read; undefined for a record that makes no sense. */
const READERS: Readonly<Record<RecordType, (base: Base, resource: Resource) => DnsRecord | undefined>> = {
  A: (base, { address }) => (address === undefined ? undefined : { ...base, data: address }),
  AAAA: (base, { address }) => (address === undefined ? undefined : { ...base, data: address }),
  CNAME: (base, { domain = "" }) => ({ ...base, data: domain }),
  PTR: (base, { domain = "" }) => ({ ...base, data: domain }),
  NS: (base, { ns = "" }) => ({ ...base, data: ns }),
  MX: (base, { exchange = "", priority }) => ({ ...base, data: exchange, preference: priority }),
  SRV: (base, { target = "", priority, weight, port }) => ({
    ...base,
    data: target,
    preference: priority,
    weight,
    port,
  }),
  TXT: (base, { data }) => ({ ...base, data: textOf(data) }),
  AFSDB: (base, { data }) => afsdb(base, data),
  TLSA: (base, { data }) => (Buffer.isBuffer(data) ? { ...base, data: data.toString("hex"), octets: data } : undefined),
};

function toRecord(resource: Resource): DnsRecord | undefined {
  const type = TYPE_NAMES.get(resource.type);
  if (type === undefined || resource.class !== 1) return undefined;
  return READERS[type]({ name: resource.name.toLowerCase(), type, ttl: resource.ttl }, resource);
}

/** The strings of a TXT record are one text (RFC 7208 §3.3 and everybody else). */
function textOf(data: unknown): string {
  const parts = Array.isArray(data) ? (data as unknown[]) : [data];
  return parts
    .map((part) => (Buffer.isBuffer(part) ? part : Buffer.from(typeof part === "string" ? part : "")))
    .map((part) => part.toString("latin1"))
    .join("");
}

/** RFC 1183 §1: a subtype and an uncompressed name (RFC 3597 §4). */
function afsdb(base: Base, data: unknown): DnsRecord | undefined {
  if (!Buffer.isBuffer(data) || data.length < 3) return undefined;
  const labels: string[] = [];
  for (let at = 2; at < data.length && data[at] > 0; at += 1 + data[at]) {
    if (data[at] > 63) return undefined;
    labels.push(data.toString("latin1", at + 1, at + 1 + data[at]));
  }
  return { ...base, data: labels.join("."), preference: data.readUInt16BE(0) };
}
