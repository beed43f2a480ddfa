/**
 * Packets of the filter protocol: four octets of length (network order), then that many octets: one letter, and its data.
 *
 *     00 00 00 09  48  6d 78 2e 61 2e 62 2e 00      H "mx.a.b." NUL
 */

/** What a packet may hold at most, the letter not counted, whatever was agreed on: the most that the protocol knows (MDS_1M). */
export const LONGEST_DATA = 1024 * 1024 - 1;

export interface Packet {
  /** SMFIC_* or SMFIR_*. */
  readonly code: string;
  readonly data: Buffer;
}

/** The octets of a packet. @param parts its data; text is latin1 */
export function packet(code: string, ...parts: readonly (string | Buffer)[]): Buffer {
  let length = 1;
  for (const part of parts) length += part.length;
  const octets = Buffer.allocUnsafe(4 + length);
  octets.writeUInt32BE(length, 0);
  octets[4] = code.charCodeAt(0);
  let at = 5;
  for (const part of parts) at += typeof part === "string" ? octets.write(part, at, "latin1") : part.copy(octets, at);
  return octets;
}

/** Finds the packets in what a socket brings. */
export class PacketReader {
  #chunks: Buffer[] = [];
  #length = 0;

  push(octets: Buffer): void {
    this.#chunks.push(octets);
    this.#length += octets.length;
  }

  /** Nothing has come that was not taken. */
  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** The next packet, when all of it is there. Throws RangeError for a length that no packet has. */
  next(): Packet | undefined {
    if (this.#length < 4) return undefined;
    const length = this.#whole(4).readUInt32BE(0);
    if (length === 0) throw new RangeError("a packet of length 0");
    if (length - 1 > LONGEST_DATA) throw new RangeError(`a packet of ${length} octets (at most ${LONGEST_DATA + 1})`);
    if (this.#length < 4 + length) return undefined;
    const first = this.#whole(4 + length);
    if (first.length === 4 + length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(4 + length);
    this.#length -= 4 + length;
    return { code: String.fromCharCode(first[4]), data: first.subarray(5, 4 + length) };
  }

  /** The first chunk, with at least that many octets in it. */
  #whole(length: number): Buffer {
    if (this.#chunks[0].length < length) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0];
  }
}
