/**
 * Bodies as readers see them, wherever they lie: in memory, in a journal segment, in a df file. A reader reads again
 * from the file each time; nothing is kept but what the store keeps for a first attempt.
 */
import { Readable } from "node:stream";
import type { MessageReader } from "../envelope/message.ts";
import type { FileOperations, OpenFile } from "./file-operations.ts";
import { lfToCrlf } from "./line-ends.ts";

/** Longest body that `bytes()` gives as a whole. */
const WHOLE_BODY = 256 << 10;
const PIECE = 64 << 10;

/** A body that lies in memory. */
export class MemoryBody implements MessageReader {
  readonly size: number;
  readonly #chunks: readonly Buffer[];

  constructor(chunks: readonly Buffer[]) {
    this.#chunks = chunks;
    this.size = chunks.reduce((sum, { length }) => sum + length, 0);
  }

  bytes(): Promise<Buffer | undefined> {
    if (this.size > WHOLE_BODY) return Promise.resolve(undefined);
    return Promise.resolve(this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks));
  }

  pieces(): readonly Buffer[] | undefined {
    return this.size > WHOLE_BODY ? undefined : this.#chunks;
  }

  stream(): Readable {
    return Readable.from(
      this.#chunks.filter(({ length }) => length > 0),
      { objectMode: false },
    );
  }
}

/** A body inside a journal segment, which stays open as long as the message is claimed. */
export class JournalBody implements MessageReader {
  readonly size: number;
  readonly #file: OpenFile;
  readonly #at: number;

  constructor(file: OpenFile, at: number, size: number) {
    this.#file = file;
    this.#at = at;
    this.size = size;
  }

  async bytes(): Promise<Buffer | undefined> {
    return this.size <= WHOLE_BODY ? this.whole() : undefined;
  }

  /** All of it, whatever its size (the journal holds nothing large). */
  whole(): Promise<Buffer> {
    return this.#piece(0, this.size);
  }

  stream(): Readable {
    return Readable.from(this.#pieces(), { objectMode: false });
  }

  async *#pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < this.size; at += PIECE) yield await this.#piece(at, Math.min(PIECE, this.size - at));
  }

  async #piece(from: number, length: number): Promise<Buffer> {
    const octets = Buffer.allocUnsafe(length);
    const count = await this.#file.read(octets, this.#at + from);
    if (count < length) throw new Error(`${this.#file.path} ends in the middle of a message`);
    return octets;
  }
}

/** A body in a df file, with LF lines. */
export class SpoolBody implements MessageReader {
  /** In CRLF form. */
  readonly size: number;
  readonly #files: FileOperations;
  readonly #path: string;
  readonly #owner: number | undefined;

  /** @param owner user id that the file must belong to; undefined for any */
  constructor(files: FileOperations, path: string, size: number, owner?: number) {
    this.#files = files;
    this.#path = path;
    this.size = size;
    this.#owner = owner;
  }

  async bytes(): Promise<Buffer | undefined> {
    if (this.size > WHOLE_BODY) return undefined;
    const pieces: Buffer[] = [];
    for await (const piece of this.#pieces()) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  stream(): Readable {
    return Readable.from(this.#pieces(), { objectMode: false });
  }

  async *#pieces(): AsyncGenerator<Buffer> {
    const file = await this.#files.open(this.#path, "read");
    try {
      const { isFile, owner } = await file.facts();
      if (!isFile || (this.#owner !== undefined && owner !== this.#owner)) {
        throw new Error(`${this.#path} is not a plain file of the message's owner`);
      }
      for (let at = 0; ;) {
        const octets = Buffer.allocUnsafe(PIECE);
        const count = await file.read(octets, at);
        if (count > 0) yield lfToCrlf(octets.subarray(0, count));
        if (count < PIECE) return;
        at += count;
      }
    } finally {
      await file.close();
    }
  }
}
