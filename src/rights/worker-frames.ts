/**
 * How the server and its workers talk over a socket: frames of a type octet, a length (32 bits, big endian) and that
 * many octets. `T` a task (JSON), `D` octets of its input, `E` the end of the input, `X` give it up, `R` the result
 * (JSON).
 */
import type { Socket } from "node:net";

export type FrameType = "T" | "D" | "E" | "X" | "R";

export interface Frame {
  readonly type: FrameType;
  readonly payload: Buffer;
}

const HEAD = 5;
/** Larger than any chunk we send; a larger length means that the two sides have lost each other. */
const LARGEST = 16 * 1024 * 1024;
const TYPES = new Set<string>(["T", "D", "E", "X", "R"]);

/** @returns false: wait for "drain" */
export function writeFrame(socket: Socket, type: FrameType, payload: Buffer = Buffer.alloc(0)): boolean {
  const head = Buffer.allocUnsafe(HEAD);
  head.write(type, 0, "latin1");
  head.writeUInt32BE(payload.length, 1);
  if (payload.length === 0) return socket.write(head);
  socket.cork();
  socket.write(head);
  const more = socket.write(payload);
  socket.uncork();
  return more;
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
    const length = head.readUInt32BE(1);
    if (!TYPES.has(type) || length > LARGEST) throw new Error("worker connection: not a frame");
    if (this.#size < HEAD + length) return undefined;
    const octets = this.#peek(HEAD + length);
    const rest = this.#chunks[0].subarray(HEAD + length);
    this.#chunks = rest.length > 0 ? [rest, ...this.#chunks.slice(1)] : this.#chunks.slice(1);
    this.#size -= HEAD + length;
    return { type: type as FrameType, payload: octets.subarray(HEAD) };
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
