/**
 * Bodies in the form that is signed (RFC 6376 §3.4.3, §3.4.4), as a stream: chunks of any size, cut anywhere, go in; large
 * slices go out, at most two for a chunk. What is held back between chunks is counted, not kept: a body of empty lines needs no
 * memory.
 *
 * A line ends with CRLF. CR or LF alone are octets like others.
 */
import type { Canonicalization } from "./canonical-header.ts";

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;

const CRLF = Buffer.from("\r\n");
/** For runs of empty lines inside a body. */
const MANY_LINES = Buffer.from("\r\n".repeat(8192));

export interface BodyCanonicalizer {
  update(chunk: Buffer): void;
  /** What is still held back. Nothing may be written afterwards. */
  end(): void;
  /** Octets that went out. */
  readonly length: number;
}

export type Sink = (octets: Buffer) => void;

export function bodyCanonicalizer(form: Canonicalization, sink: Sink): BodyCanonicalizer {
  return form === "relaxed" ? new RelaxedBody(sink) : new SimpleBody(sink);
}

/** Empty lines at the end become one line end; a body without any octet is one line end. */
class SimpleBody implements BodyCanonicalizer {
  readonly #sink: Sink;
  /** Line ends that are written when something follows. */
  #lineEnds = 0;
  /** The chunk before ended with CR. */
  #cr = false;
  length = 0;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  update(chunk: Buffer): void {
    if (chunk.length === 0) return;
    let start = 0;
    if (this.#cr) {
      this.#cr = false;
      if (chunk[0] === LF) {
        this.#lineEnds++;
        start = 1;
      } else this.#write(Buffer.of(CR));
    }
    let end = chunk.length;
    if (end > start && chunk[end - 1] === CR) {
      this.#cr = true;
      end--;
    }
    let last = end;
    while (last - start >= 2 && chunk[last - 1] === LF && chunk[last - 2] === CR) last -= 2;
    if (last > start) this.#write(chunk.subarray(start, last));
    this.#lineEnds += (end - last) / 2;
  }

  end(): void {
    if (this.#cr) this.#write(Buffer.of(CR));
    this.#out(CRLF);
  }

  #write(octets: Buffer): void {
    writeLineEnds(this.#lineEnds, (each) => this.#out(each));
    this.#lineEnds = 0;
    this.#out(octets);
  }

  #out(octets: Buffer): void {
    this.length += octets.length;
    this.#sink(octets);
  }
}

/** What is written when something follows, in this order. */
interface Held {
  readonly lineEnds: number;
  /** Of a run of blanks. */
  readonly blank: boolean;
  readonly cr: boolean;
}

const NOTHING_HELD: Held = { lineEnds: 0, blank: false, cr: false };

/**
 * Besides, blanks at the end of a line are left out, and each other run of blanks is one space. A body that has no octet but
 * line ends and blanks is empty.
 */
class RelaxedBody implements BodyCanonicalizer {
  readonly #sink: Sink;
  #held: Held = NOTHING_HELD;
  /** Room for what a chunk becomes; used again. */
  #room = Buffer.alloc(0);
  length = 0;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  update(chunk: Buffer): void {
    const size = chunk.length;
    // All of the chunk, and a space and a CR that were held back.
    if (this.#room.length < size + 2) this.#room = Buffer.allocUnsafe(size + 2);
    const room = this.#room;
    let { lineEnds, blank, cr } = this.#held;
    let out = 0;
    for (let at = 0; at < size; at++) {
      const octet = chunk[at];
      if (cr) {
        cr = false;
        if (octet === LF) {
          blank = false;
          lineEnds++;
          continue;
        }
        // It was no line end.
        if (lineEnds > 0) out = this.#put(room, out, lineEnds);
        lineEnds = 0;
        if (blank) room[out++] = SPACE;
        blank = false;
        room[out++] = CR;
      }
      if (octet === SPACE || octet === TAB) blank = true;
      else if (octet === CR) cr = true;
      else {
        if (lineEnds > 0) out = this.#put(room, out, lineEnds);
        lineEnds = 0;
        if (blank) room[out++] = SPACE;
        blank = false;
        room[out++] = octet;
        // The common case: a word.
        while (at + 1 < size && chunk[at + 1] > SPACE) room[out++] = chunk[++at];
      }
    }
    this.#held = { lineEnds, blank, cr };
    if (out > 0) this.#out(room.subarray(0, out));
  }

  end(): void {
    const { lineEnds, blank, cr } = this.#held;
    if (cr) {
      writeLineEnds(lineEnds, (each) => this.#out(each));
      this.#out(Buffer.from(blank ? " \r" : "\r"));
    }
    if (this.length > 0) this.#out(CRLF);
  }

  /** Line ends that something follows. Those of earlier chunks come first of all, and do not go through the room. */
  #put(room: Buffer, out: number, lineEnds: number): number {
    let here = lineEnds;
    if (out === 0 && this.#held.lineEnds > 0) {
      writeLineEnds(this.#held.lineEnds, (each) => this.#out(each));
      here -= this.#held.lineEnds;
      this.#held = NOTHING_HELD;
    }
    let end = out;
    for (; here > 0; here--) {
      room[end++] = CR;
      room[end++] = LF;
    }
    return end;
  }

  #out(octets: Buffer): void {
    this.length += octets.length;
    this.#sink(octets);
  }
}

function writeLineEnds(count: number, write: Sink): void {
  for (let left = count * 2; left > 0; left -= MANY_LINES.length)
    write(MANY_LINES.subarray(0, Math.min(left, MANY_LINES.length)));
}
