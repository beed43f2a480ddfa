/**
 * How programs talk to the daemon over its unix socket. Imports no code of ours: sendmail -t pays for every line (decision
 * D10).
 *
 *     frame     length of the JSON part (4 octets, little-endian), length of the octets (4), JSON (UTF-8), octets
 *     request   {"rulemail":1,"op":"list","filter":{...}}           one frame
 *     answer    {"ok":true,"value":...} or {"ok":false,"error":"..."}, with "denied":true when the caller may not ask that; a long
 *               list comes in frames with "more":true
 *     run       with "watch":true answered in frames with "more":true as attempts end, and once more after the last
 *     prove     answered with a file to make, whose owner then counts as the caller (caller-proof.ts)
 *     show      the answer is followed by frames {"data":true} with the octets of the body, then {"end":true}
 *     submit    the request, then frames {"data":true} with octets, then {"end":true}; answered when it is durable
 *
 * Requests follow each other on one connection. The number after "rulemail" is the version; a daemon refuses others.
 */
import type { Socket } from "node:net";
import { dirname, join } from "node:path";
import type { DeliverBy } from "../envelope/deliver-by.ts";
import type { Reply } from "../mail/reply.ts";
import type { QueueFilter } from "../queue/filter.ts";
import type { Challenge } from "./caller-proof.ts";
import type { NewRoute } from "../dispatch/steer.ts";
import type { QueuedMessage, Steering, Why } from "./queue-answers.ts";
import type { SessionFacts } from "../reception/session-facts.ts";
import type { QueueListing } from "./queue-listing.ts";
import type { Top, TopField } from "./queue-top.ts";

export const PROTOCOL_VERSION = 1;

/** Beside the socket: where its callers show who they are. */
export function callersFolder(socket: string): string {
  return join(dirname(socket), "callers");
}

/** What a program that submits a message knows about it; its octets follow. */
export interface SubmissionFacts {
  /** -f; absent: the user who calls. */
  readonly sender?: string;
  /** Addresses as typed. */
  readonly recipients: readonly string[];
  /** -t: take recipients from To:, Cc: and Bcc: too. */
  readonly fromHeader: boolean;
  /** Who calls, as the program says: his name among those of the uid that is proved. */
  readonly user: string;
  /** -F, or NAME of the environment. */
  readonly fullName?: string;
  /** -B */
  readonly bodyType?: "7BIT" | "8BITMIME";
  readonly smtputf8?: boolean;
  /** -N */
  readonly notify?: readonly ("NEVER" | "SUCCESS" | "FAILURE" | "DELAY")[];
  /** What RCPT said about each recipient (RFC 3461), in their order. */
  readonly each?: readonly {
    readonly notify?: readonly ("NEVER" | "SUCCESS" | "FAILURE" | "DELAY")[];
    readonly orcpt?: string;
  }[];
  /** -R, -V */
  readonly ret?: "FULL" | "HDRS";
  readonly envid?: string;
  /** BY= of MAIL. */
  readonly deliverBy?: DeliverBy;
  /** -p, -Mr, -Ms: how it came to the caller, and from which host. */
  readonly protocol?: string;
  readonly protocolHost?: string;
  /** -od and -v: i interactive, b background, q queue only, d deferred. */
  readonly deliveryMode?: string;
  /** -oe: how the caller learns of bad recipients. */
  readonly errorMode?: "p" | "q" | "m" | "w" | "e";
  /** -h. */
  readonly hopCount?: number;
  /** -n. */
  readonly noAliases?: boolean;
  /** -v, -X. */
  readonly dialogue?: boolean;
  /** -oo: blanks separate addresses, or not. */
  readonly oldStyle?: boolean;
  /** From `sendmail -bs`. */
  readonly smtp?: boolean;
}

export interface SubmissionAnswer {
  /** 250 when the message is durable, else why it is not. */
  readonly reply: Reply;
  readonly id?: string;
  /** Recipients that cannot be; the message goes to the others. */
  readonly refused?: readonly { readonly address: string; readonly reply: Reply }[];
  /** Recipients for whom the message is to be kept, and handed in again later. */
  readonly later?: readonly string[];
  /** Recipients whom mail filters refused for good. */
  readonly filtered?: readonly { readonly address: string; readonly reply: Reply }[];
  /** For -v: what aliases stand for, and how the first attempt went when it was waited for. */
  readonly told?: readonly {
    readonly address: string;
    readonly text: string;
    readonly via?: string;
    readonly dialogue?: readonly string[];
  }[];
  /** Exit status of the first recipient that the first attempt failed for. */
  readonly exit?: number;
}

export interface DaemonStatus {
  readonly pid: number;
  /** Ms since the epoch. */
  readonly started: number;
  readonly version: string;
  /** Messages in the queue. */
  readonly queued: number;
  /** Whatever else the daemon wants to tell, name → value. */
  readonly facts: Readonly<Record<string, string | number>>;
}

/** Suspends a host, or lets mail go there again. */
export interface Suspension {
  readonly host: string;
  readonly suspended: boolean;
}

export type Request =
  | { readonly op: "prove" }
  | { readonly op: "submit"; readonly facts: SubmissionFacts }
  | { readonly op: "status" }
  | { readonly op: "sessions" }
  | { readonly op: "list"; readonly filter: QueueFilter }
  | { readonly op: "count"; readonly filter: QueueFilter }
  | { readonly op: "run"; readonly filter: QueueFilter; readonly watch?: boolean }
  | { readonly op: "hold"; readonly filter: QueueFilter; readonly reason: string }
  | { readonly op: "release"; readonly filter: QueueFilter }
  | { readonly op: "remove"; readonly filter: QueueFilter }
  | { readonly op: "ids"; readonly filter: QueueFilter }
  | { readonly op: "top"; readonly filter: QueueFilter; readonly by: readonly TopField[]; readonly most: number }
  | { readonly op: "why"; readonly id: string; readonly filter: QueueFilter }
  | { readonly op: "show"; readonly id: string; readonly body: boolean }
  | { readonly op: "bounce"; readonly filter: QueueFilter; readonly reason: string }
  | { readonly op: "reroute"; readonly filter: QueueFilter; readonly route: NewRoute }
  | { readonly op: "bounceClient"; readonly filter: QueueFilter; readonly reason: string }
  | { readonly op: "rerouteClient"; readonly filter: QueueFilter; readonly route: NewRoute }
  | { readonly op: "suspensions"; readonly change?: Suspension | undefined }
  | { readonly op: "reload" }
  | { readonly op: "shutdown" };

export type Operation = Request["op"];

/** What `value` of a good answer is. */
export interface Answers {
  prove: Challenge;
  submit: SubmissionAnswer;
  status: DaemonStatus;
  /** The SMTP sessions that are open. */
  sessions: readonly SessionFacts[];
  list: readonly QueueListing[];
  /** How many messages match. */
  count: number;
  /** How many messages are due now. */
  run: number;
  hold: Steering;
  release: Steering;
  remove: Steering;
  ids: readonly string[];
  top: Top;
  /** null: it is not in the queue. */
  why: Why | null;
  /** null: it is not in the queue. Else octets of the body follow in frames, and a frame {"end":true}. */
  show: QueuedMessage | null;
  bounce: Steering;
  reroute: Steering;
  /** The same in the client queue. */
  bounceClient: Steering;
  rerouteClient: Steering;
  /** The hosts that are suspended now. */
  suspensions: readonly string[];
  /** Problems of the new configuration; with any, the old one stays. */
  reload: readonly string[];
  shutdown: null;
}

/** The other side sent something that is no frame, or too much. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

export interface Frame {
  readonly head: Readonly<Record<string, unknown>>;
  readonly octets: Buffer;
}

const PREFIX = 8;
/** Of a request; the daemon's answers may be longer, since its clients trust it. */
const LONGEST_REQUEST = 4 << 20;
export const LONGEST_ANSWER = 256 << 20;
const LONGEST_OCTETS = 1 << 20;
const NONE = Buffer.alloc(0);

export function encodeFrame(head: object, octets: Buffer = NONE): Buffer {
  const json = JSON.stringify(head);
  const length = Buffer.byteLength(json);
  const frame = Buffer.allocUnsafe(PREFIX + length + octets.length);
  frame.writeUInt32LE(length, 0);
  frame.writeUInt32LE(octets.length, 4);
  frame.write(json, PREFIX);
  octets.copy(frame, PREFIX + length);
  return frame;
}

/** Octets in pieces that fit into frames. */
export function* pieces(octets: Buffer): Generator<Buffer> {
  for (let at = 0; at < octets.length; at += LONGEST_OCTETS) yield octets.subarray(at, at + LONGEST_OCTETS);
}

function parseHead(json: string): Frame["head"] {
  try {
    const head: unknown = JSON.parse(json);
    if (typeof head === "object" && head !== null && !Array.isArray(head)) return head as Frame["head"];
  } catch {
    // Said below.
  }
  throw new ProtocolError("Cannot read a frame: its head is not a JSON object");
}

/** Puts chunks together to frames. */
export class FrameDecoder {
  #chunks: Buffer[] = [];
  #length = 0;
  /** Octets that the frame at the front needs, as far as known. */
  #needed = PREFIX;
  readonly #longestHead: number;

  constructor(longestHead = LONGEST_REQUEST) {
    this.#longestHead = longestHead;
  }

  /** @throws ProtocolError */
  *push(chunk: Buffer): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= this.#needed) {
      const all = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
      this.#chunks = [all];
      const headLength = all.readUInt32LE(0);
      const octetsLength = all.readUInt32LE(4);
      if (headLength > this.#longestHead || octetsLength > LONGEST_OCTETS) {
        throw new ProtocolError(`Cannot read a frame of ${headLength} and ${octetsLength} octets: too long`);
      }
      this.#needed = PREFIX + headLength + octetsLength;
      if (this.#length < this.#needed) return;
      const head = parseHead(all.toString("utf8", PREFIX, PREFIX + headLength));
      const octets = all.subarray(PREFIX + headLength, this.#needed);
      const rest = all.subarray(this.#needed);
      this.#chunks = rest.length > 0 ? [rest] : [];
      this.#length = rest.length;
      this.#needed = PREFIX;
      yield { head, octets };
    }
  }
}

/** The frames that arrive on a socket; ends when the other side ends. Reading slowly slows the other side down. */
export async function* readFrames(socket: Socket, longestHead?: number): AsyncGenerator<Frame, undefined> {
  const decoder = new FrameDecoder(longestHead);
  // The socket outlives a broken frame: its sender is told.
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) yield* decoder.push(chunk as Buffer);
}

/** Writes a frame; resolves when the socket takes more. */
export function writeFrame(socket: Socket, frame: Buffer): Promise<void> | undefined {
  if (socket.write(frame) || socket.destroyed) return undefined;
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.once("drain", done);
    socket.once("close", done);
  });
}
