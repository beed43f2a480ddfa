/**
 * How the server and a pool process talk over their socket: frames of a type octet, the number of a task (32 bits, big endian),
 * a length (32 bits) and that many octets.
 *
 * `T` a task: length of its JSON (32 bits), the JSON, octets of its input; `D` more octets of it; `E` they are complete; `X` give
 * it up; to the server `R`, the result (JSON). Frames of one turn of the
 * event loop are written together (`FrameWriter`).
 */
import type { Socket } from "node:net";

export type FrameType = "T" | "D" | "E" | "X" | "R";

export interface Frame {
  readonly type: FrameType;
  readonly task: number;
  readonly payload: Buffer;
}

const HEAD = 9;
/** Larger than any frame that is sent; a larger length means that the two sides have lost each other. */
const LARGEST = 16 * 1024 * 1024;
/** Octets up to which parts are copied into one buffer; a larger part is written as it is. */
const COPIED = 32 * 1024;
const TYPES: ReadonlySet<string> = new Set(["T", "D", "E", "X", "R"]);
const NOTHING = Buffer.alloc(0);

/** Writes the frames of one turn of the event loop in one go. */
export class FrameWriter {
  readonly #socket: Socket;
  #parts: Buffer[] = [];
  #isScheduled = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** @param parts octets of the payload, one after another */
  write(type: FrameType, task: number, ...parts: readonly Buffer[]): void {
    const length = parts.reduce((sum, each) => sum + each.length, 0);
    const head = Buffer.allocUnsafe(HEAD);
    head[0] = type.charCodeAt(0);
    head.writeUInt32BE(task, 1);
    head.writeUInt32BE(length, 5);
    this.#parts.push(head, ...parts);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.flush());
  }

  flush(): void {
    this.#isScheduled = false;
    const parts = this.#parts;
    if (parts.length === 0) return;
    this.#parts = [];
    if (this.#socket.destroyed) return;
    this.#socket.cork();
    for (const each of joinSmall(parts)) this.#socket.write(each);
    this.#socket.uncork();
  }
}

/** Neighbours that are small become one. */
function joinSmall(parts: readonly Buffer[]): Buffer[] {
  const joined: Buffer[] = [];
  let small: Buffer[] = [];
  const close = (): void => {
    if (small.length > 0) joined.push(small.length === 1 ? small[0] : Buffer.concat(small));
    small = [];
  };
  for (const each of parts) {
    if (each.length <= COPIED) small.push(each);
    else {
      close();
      joined.push(each);
    }
  }
  close();
  return joined;
}

/** Cuts a stream of octets into frames. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #size = 0;

  /** @throws when the octets are no frames */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Frame | undefined {
    if (this.#size < HEAD) return undefined;
    const head = this.#peek(HEAD);
    const type = String.fromCharCode(head[0]);
    const task = head.readUInt32BE(1);
    const length = head.readUInt32BE(5);
    if (!isFrameType(type) || length > LARGEST) throw new Error("pool connection: not a frame");
    if (this.#size < HEAD + length) return undefined;
    const octets = this.#peek(HEAD + length);
    const rest = this.#chunks[0].subarray(HEAD + length);
    this.#chunks = rest.length > 0 ? [rest, ...this.#chunks.slice(1)] : this.#chunks.slice(1);
    this.#size -= HEAD + length;
    return { type, task, payload: length === 0 ? NOTHING : octets.subarray(HEAD) };
  }

  /** The first octets in one piece; joins chunks only as far as needed. */
  #peek(length: number): Buffer {
    if (this.#chunks[0].length < length) {
      let count = 0;
      let joined = 0;
      while (joined < length) joined += this.#chunks[count++].length;
      this.#chunks = [Buffer.concat(this.#chunks.slice(0, count)), ...this.#chunks.slice(count)];
    }
    return this.#chunks[0].subarray(0, length);
  }
}

function isFrameType(type: string): type is FrameType {
  return TYPES.has(type);
}

/** A task as it is sent: who, what, with which argument; its octets may follow in other frames. */
export interface TaskMessage {
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
  readonly task: string;
  readonly argument: unknown;
  /** More octets come in `D` frames, until `E`. */
  readonly more: boolean;
}

/** JSON and first octets of a `T` frame. */
export function splitTask(payload: Buffer): { readonly json: string; readonly octets: Buffer } {
  if (payload.length < 4) throw new Error("pool connection: not a task");
  const length = payload.readUInt32BE(0);
  if (length > payload.length - 4) throw new Error("pool connection: not a task");
  return { json: payload.toString("utf8", 4, 4 + length), octets: payload.subarray(4 + length) };
}

export function joinTask(message: TaskMessage): Buffer {
  const json = Buffer.from(JSON.stringify(message), "utf8");
  const octets = Buffer.allocUnsafe(4 + json.length);
  octets.writeUInt32BE(json.length, 0);
  json.copy(octets, 4);
  return octets;
}

/** Resolves when a socket takes more, or is closed. */
export function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed || !socket.writableNeedDrain) return resolve();
    const done = () => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
  });
}
