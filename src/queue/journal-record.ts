/**
 * The records of the journal: how they look on disk and how they are recognised again.
 *
 *     offset  size
 *          0     4  "RMQ1": format 1
 *          4     1  type
 *          5     1  length of the queue id
 *          6     2  0
 *          8     4  number of the segment (an old copy at the same place is not mistaken for a record)
 *         12     4  length of the facts
 *         16     4  length of the body
 *         20     4  CRC-32 of octets 0 to 19 and of everything behind octet 24
 *         24        queue id, facts (JSON, one octet per latin1 character), body (CRLF lines)
 *
 * Numbers are little-endian. A record is good or it is not: nothing in it is used before the CRC agrees.
 */
import { crc32 } from "node:zlib";
import type { Envelope } from "../envelope/envelope.ts";
import type { Attempt, Changes } from "./queue.ts";

export const RecordType = {
  /** First record of a segment. */
  segment: 0,
  message: 1,
  attempt: 2,
  settle: 3,
  /** The message has left the journal: finished, removed, or moved to the spool. */
  gone: 4,
  /** Held under a reason, or released. */
  hold: 5,
  /** All that is known of a message by now, without its header and body: what was said before need not be read again. */
  state: 6,
} as const;
export type RecordType = (typeof RecordType)[keyof typeof RecordType];

/** For people. */
const NAMES: Readonly<Record<RecordType, string>> = {
  [RecordType.segment]: "the beginning",
  [RecordType.message]: "the message",
  [RecordType.attempt]: "an attempt at",
  [RecordType.settle]: "a change of",
  [RecordType.gone]: "the end of",
  [RecordType.hold]: "a hold or release of",
  [RecordType.state]: "what was known of",
};

/** "the message", to be followed by its id. */
export function recordName(type: RecordType): string {
  return NAMES[type];
}

export interface SegmentFacts {
  /** Of all records in it (format.ts); absent in format 1. This record itself looks the same in every format. */
  readonly format?: number;
  readonly created: number;
  /** The segment before, and where its records end: both are missed when the disk loses them. Absent in format 1. */
  readonly before?: { readonly segment: number; readonly end: number };
  /**
   * Segments that failed while somebody waited for them: what stands from `offset` on was never acknowledged (or was
   * written again into a later segment) and does not count.
   */
  readonly cuts: readonly { readonly segment: number; readonly offset: number }[];
}

export interface MessageFacts {
  readonly group: string;
  readonly priority: number;
  readonly nextTry: number;
  readonly envelope: Envelope;
}

/** A message as it is now; its header stands in its message record. */
export interface StateFacts extends Omit<MessageFacts, "envelope"> {
  readonly envelope: Omit<Envelope, "headers">;
  readonly attempts: number;
  readonly lastTry?: number;
  readonly hold?: string;
}

export interface AttemptFacts extends Attempt {
  /** Of the message from now on. */
  readonly priority: number;
}

export interface SettleFacts extends Changes {
  /**
   * Number of recipients before `added`: a record may stand in two segments, when the first could not be made durable and a loss
   * of power undid its cut, and adds nothing the second time. Absent in journals of older servers.
   */
  readonly from?: number;
}

export interface GoneFacts {
  readonly why: "removed" | "moved";
}

export interface HoldFacts {
  readonly reason?: string;
}

export const HEAD = 24;
const MAGIC = Buffer.from("RMQ1", "latin1");
/** Facts of a record; also what recovery is ready to read at once. */
export const LONGEST_FACTS = 32 << 20;
/** Bodies in the journal are far shorter (decision D5: 1 MB). */
const LONGEST_BODY = 16 << 20;

/** A record ready to be written, but for the segment that it will stand in. */
export interface EncodedRecord {
  /** The first part begins with the head. */
  readonly parts: readonly Buffer[];
  readonly length: number;
  /** Where the body begins, from the start of the record. */
  readonly bodyAt: number;
}

/** JSON as octets: anything beyond latin1 (which should not happen) is escaped, so that no character is lost. */
function latin1Json(value: unknown): string {
  const text = JSON.stringify(value);
  return /[^\x00-\xff]/.test(text)
    ? text.replaceAll(/[^\x00-\xff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    : text;
}

/** Bodies up to this size are copied behind their facts: one buffer to write, and no socket buffer kept alive. */
const COPIED_BODY = 16 << 10;
/** So are larger ones that came in small pieces. */
const COPIED_PIECES = 64 << 10;
const SMALL_PIECE = 8 << 10;

/**
 * @param facts undefined for none
 * @param body chunks of the body; kept, must not change until written
 */
export function encodeRecord(
  type: RecordType,
  id: string,
  facts: unknown,
  body: readonly Buffer[] = [],
): EncodedRecord {
  const json = facts === undefined ? "" : latin1Json(facts);
  const bodyAt = HEAD + id.length + json.length;
  const bodyLength = body.reduce((sum, chunk) => sum + chunk.length, 0);
  const inSmallPieces = bodyLength <= COPIED_PIECES && bodyLength < body.length * SMALL_PIECE;
  const copied = bodyLength <= COPIED_BODY || inSmallPieces;
  const first = Buffer.allocUnsafe(bodyAt + (copied ? bodyLength : 0));
  MAGIC.copy(first, 0);
  first[4] = type;
  first[5] = id.length;
  first.writeUInt16LE(0, 6);
  first.writeUInt32LE(json.length, 12);
  first.writeUInt32LE(bodyLength, 16);
  first.write(id, HEAD, "latin1");
  first.write(json, HEAD + id.length, "latin1");
  if (copied) {
    let at = bodyAt;
    for (const chunk of body) at += chunk.copy(first, at);
  }
  return { parts: copied ? [first] : [first, ...body], length: bodyAt + bodyLength, bodyAt };
}

/** Writes segment number and CRC into the head; again when the record moves to another segment. */
export function sealRecord(record: EncodedRecord, segment: number): void {
  const [first, ...rest] = record.parts;
  first.writeUInt32LE(segment, 8);
  let crc = crc32(first.subarray(HEAD), crc32(first.subarray(0, 20)));
  for (const part of rest) crc = crc32(part, crc);
  first.writeUInt32LE(crc, 20);
}

export interface RecordHead {
  readonly type: RecordType;
  readonly idLength: number;
  readonly factsLength: number;
  readonly bodyLength: number;
  readonly length: number;
}

/** The head at this place, or undefined when no record of this segment can begin here. */
export function readHead(buffer: Buffer, at: number, segment: number): RecordHead | undefined {
  if (at + HEAD > buffer.length || buffer.compare(MAGIC, 0, 4, at, at + 4) !== 0) return undefined;
  const type = buffer[at + 4];
  const idLength = buffer[at + 5];
  const factsLength = buffer.readUInt32LE(at + 12);
  const bodyLength = buffer.readUInt32LE(at + 16);
  if (type > RecordType.state || buffer.readUInt32LE(at + 8) !== segment) return undefined;
  if (factsLength > LONGEST_FACTS || bodyLength > LONGEST_BODY) return undefined;
  return {
    type: type as RecordType,
    idLength,
    factsLength,
    bodyLength,
    length: HEAD + idLength + factsLength + bodyLength,
  };
}

/** True when the whole record lies in the buffer and its CRC agrees. */
export function isIntact(buffer: Buffer, at: number, head: RecordHead): boolean {
  if (at + head.length > buffer.length) return false;
  const crc = crc32(buffer.subarray(at + HEAD, at + head.length), crc32(buffer.subarray(at, at + 20)));
  return crc === buffer.readUInt32LE(at + 20);
}

export interface DecodedRecord {
  readonly type: RecordType;
  readonly id: string;
  /** Parsed JSON; undefined when the record has none. Its shape follows from the type and the CRC. */
  readonly facts: unknown;
  /** From the start of the record. */
  readonly bodyAt: number;
  readonly bodyLength: number;
}

/** Takes an intact record apart. Throws SyntaxError when the facts are no JSON, which only another program can cause. */
export function decodeRecord(buffer: Buffer, at: number, head: RecordHead): DecodedRecord {
  const id = buffer.toString("latin1", at + HEAD, at + HEAD + head.idLength);
  const factsAt = at + HEAD + head.idLength;
  const json = buffer.toString("latin1", factsAt, factsAt + head.factsLength);
  return {
    type: head.type,
    id,
    facts: json === "" ? undefined : (JSON.parse(json) as unknown),
    bodyAt: HEAD + head.idLength + head.factsLength,
    bodyLength: head.bodyLength,
  };
}

/** Where the next record might begin, from `at` on; -1 for nowhere. */
export function findMagic(buffer: Buffer, at: number): number {
  return buffer.indexOf(MAGIC, at);
}
