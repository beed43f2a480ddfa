/**
 * Commands and texts out of one stream. A text ends with a line that is a dot; its lines end as that of the command before it
 * did, CRLF or (typed by hand) LF, so that a dot between other line ends within a message ends nothing.
 */

/** Octets of a command at most (RFC 5321 §4.5.3.1.4, and room for long parameters). */
const LONGEST = 4_096;
const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;

export class LmtpInput {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held = Buffer.alloc(0);
  #crlf = true;

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#chunks = input[Symbol.asyncIterator]();
  }

  /** A command without its line end, latin1; undefined at the end of the input. Of a line that is too long only its beginning. */
  async line(): Promise<string | undefined> {
    let beginning: string | undefined;
    for (;;) {
      const end = this.#held.indexOf(LF);
      if (end >= 0) {
        this.#crlf = end > 0 && this.#held[end - 1] === CR;
        const line = this.#held.subarray(0, this.#crlf ? end - 1 : end).toString("latin1");
        this.#held = this.#held.subarray(end + 1);
        return (beginning ?? line).slice(0, LONGEST);
      }
      if (this.#held.length > LONGEST) {
        beginning ??= this.#held.toString("latin1");
        this.#held = this.#held.subarray(-1); // perhaps a CR
      }
      if (!(await this.#more())) return undefined;
    }
  }

  /**
   * The lines of a text, dots unstuffed, in chunks.
   * @returns false when the input ended before the text did
   */
  async text(take: (chunk: Buffer) => void): Promise<boolean> {
    for (let atStart = true; ;) {
      const after = this.#takeLines(atStart, take);
      if (after === "end") return true;
      atStart = after;
      // A long line passes by in pieces; a short one may be the dot.
      if (this.#held.length > LONGEST) {
        // A CR may belong to the line end that comes next.
        const length = this.#held.at(-1) === CR ? this.#held.length - 1 : this.#held.length;
        const piece = this.#held.subarray(0, length);
        take(atStart ? unstuffed(piece) : piece);
        this.#held = this.#held.subarray(length);
        atStart = false;
      }
      if (!(await this.#more())) return false;
    }
  }

  /**
   * Takes all lines that are there, those without a dot to take away together.
   * @returns whether what follows stands where a dot counts
   */
  #takeLines(atStart: boolean, take: (chunk: Buffer) => void): "end" | boolean {
    const held = this.#held;
    let from = 0;
    let at = 0;
    let isStart = atStart;
    const flush = (to: number): void => {
      if (to > from) take(held.subarray(from, to));
    };
    for (;;) {
      const end = held.indexOf(LF, at);
      if (end < 0) break;
      if (isStart && held[at] === DOT) {
        flush(at);
        from = at + 1;
        if (this.#isEnd(held.subarray(at, end + 1))) {
          this.#held = held.subarray(end + 1);
          return "end";
        }
      }
      at = end + 1;
      isStart = !this.#crlf || (end > 0 && held[end - 1] === CR);
    }
    flush(at);
    this.#held = held.subarray(at);
    return isStart;
  }

  #isEnd(line: Buffer): boolean {
    return this.#crlf ? line.length === 3 && line[1] === CR : line.length === 2;
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done === true) return false;
    this.#held = this.#held.length === 0 ? Buffer.from(value) : Buffer.concat([this.#held, value]);
    return true;
  }
}

function unstuffed(line: Buffer): Buffer {
  return line[0] === DOT ? line.subarray(1) : line;
}
