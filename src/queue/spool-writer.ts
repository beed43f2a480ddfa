/** How bodies get into df files: with LF lines, in order. */
import type { OpenFile } from "./file-operations.ts";
import { CrlfToLf, lfToCrlf } from "./line-ends.ts";

/** A body is read back in pieces of so many octets. */
const PIECE = 64 << 10;

/** A body on its way into a df file. */
export class SpoolWriter {
  readonly #file: OpenFile;
  #convert = new CrlfToLf();
  #at = 0;

  constructor(file: OpenFile) {
    this.#file = file;
  }

  async write(chunks: readonly Buffer[]): Promise<void> {
    await this.#append(chunks.map((chunk) => this.#convert.convert(chunk)));
  }

  /** What was written so far, with CRLF lines. */
  async *read(): AsyncGenerator<Buffer> {
    for (let at = 0; at < this.#at;) {
      const octets = Buffer.allocUnsafe(Math.min(PIECE, this.#at - at));
      const count = await this.#file.read(octets, at);
      if (count === 0) throw new Error(`${this.#file.path} ends in the middle of a message`);
      yield lfToCrlf(octets.subarray(0, count));
      at += count;
    }
  }

  /** Forgets what was written. */
  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#convert = new CrlfToLf();
    this.#at = 0;
  }

  /** Everything to stable storage, and the file closed. */
  async finish(): Promise<void> {
    await this.#append([this.#convert.end()]);
    await this.#file.datasync();
    await this.#file.close();
  }

  async #append(parts: readonly Buffer[]): Promise<void> {
    const rest = parts.filter(({ length }) => length > 0);
    if (rest.length === 0) return;
    await this.#file.write(rest, this.#at);
    this.#at += rest.reduce((sum, { length }) => sum + length, 0);
  }

  close(): Promise<void> {
    return this.#file.close().catch(() => undefined);
  }
}
