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

/**
 * Besides, blanks at the end of a line are left out, and each other run of blanks is one space. A body that has no octet but
 * line ends and blanks is empty.
 */
class RelaxedBody implements BodyCanonicalizer {
  readonly #sink: Sink;
  /** What is written when something follows, in this order: line ends, one space for a run of blanks, CR. */
  #lineEnds = 0;
  #blank = false;
  #cr = false;
  /** Room for what a chunk becomes; used again. */
  #room = Buffer.alloc(0);
  length = 0;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  update(chunk: Buffer): void {
    const size = chunk.length;
    let out = 0;
    let at = 0;
    while (at < size && this.#holds()) out = this.#step(chunk[at++], this.#roomFor(size), out);
    const from = at;
    at = asItIs(chunk, from);
    const end = this.#holdLineEnds(chunk, from, at);
    // A chunk with nothing to change is not copied.
    if (at === size && out === 0) return this.#out(chunk.subarray(from, end));
    const room = this.#roomFor(size);
    const fastEnd = size - 2;
    out += chunk.copy(room, out, from, end);
    while (at < size) {
      out = this.#step(chunk[at++], room, out);
      while (at < size && this.#holds()) out = this.#step(chunk[at++], room, out);
      // Words with single spaces, and lines that end behind a word and begin with one: most of all bodies.
      while (at < fastEnd) {
        const octet = chunk[at];
        if (octet > SPACE) room[out++] = octet;
        else if (octet === SPACE && chunk[at + 1] > SPACE) room[out++] = SPACE;
        else if (octet === CR && chunk[at + 1] === LF && chunk[at + 2] > SPACE) {
          room[out++] = CR;
          room[out++] = LF;
          at++;
        } else break;
        at++;
      }
    }
    if (out > 0) this.#out(room.subarray(0, out));
  }

  end(): void {
    if (this.#cr) {
      writeLineEnds(this.#lineEnds, (each) => this.#out(each));
      this.#out(Buffer.from(this.#blank ? " \r" : "\r"));
    }
    if (this.length > 0) this.#out(CRLF);
  }

  #holds(): boolean {
    return this.#cr || this.#blank || this.#lineEnds > 0;
  }

  /** For all of a chunk, and a space and a CR that were held back. */
  #roomFor(size: number): Buffer {
    if (this.#room.length < size + 2) this.#room = Buffer.allocUnsafe(size + 2);
    return this.#room;
  }

  /** Counts the line ends behind a run of octets, which may turn out to be those of empty lines at the end. Returns its new end. */
  #holdLineEnds(chunk: Buffer, from: number, to: number): number {
    let end = to;
    while (end - from >= 2 && chunk[end - 1] === LF && chunk[end - 2] === CR) end -= 2;
    this.#lineEnds += (to - end) / 2;
    return end;
  }

  /** Any octet, after anything. Returns the new end of what is in the room. */
  #step(octet: number, room: Buffer, end: number): number {
    if (octet === LF && this.#cr) {
      this.#cr = this.#blank = false;
      this.#lineEnds++;
      return end;
    }
    // The CR before it was no line end.
    let out = this.#cr ? this.#release(room, end) : end;
    if (octet === SPACE || octet === TAB) this.#blank = true;
    else if (octet === CR) this.#cr = true;
    else {
      out = this.#release(room, out);
      room[out++] = octet;
    }
    return out;
  }

  /** Writes what is held back. */
  #release(room: Buffer, end: number): number {
    let out = end;
    // Those of earlier chunks, which may be very many, always come first; the room is for what this chunk brought.
    if (out === 0) writeLineEnds(this.#lineEnds, (each) => this.#out(each));
    else {
      for (let left = this.#lineEnds; left > 0; left--) {
        room[out++] = CR;
        room[out++] = LF;
      }
    }
    if (this.#blank) room[out++] = SPACE;
    if (this.#cr) room[out++] = CR;
    this.#lineEnds = 0;
    this.#blank = this.#cr = false;
    return out;
  }

  #out(octets: Buffer): void {
    if (octets.length === 0) return;
    this.length += octets.length;
    this.#sink(octets);
  }
}

/** A tab, or a space with another blank, a line end or nothing behind it. */
const TO_CHANGE = /\t| (?![!-\xff])/;

/** Where the first octet stands that may have to be changed, or the end. Text is searched ten times as fast as octets are looked at. */
function asItIs(chunk: Buffer, from: number): number {
  const found = chunk.toString("latin1", from).search(TO_CHANGE);
  if (found >= 0) return from + found;
  const size = chunk.length;
  return size > from && chunk[size - 1] === CR ? size - 1 : size;
}

function writeLineEnds(count: number, write: Sink): void {
  for (let left = count * 2; left > 0; left -= MANY_LINES.length)
    write(MANY_LINES.subarray(0, Math.min(left, MANY_LINES.length)));
}
