/**
 * The body of a message as its next reader wants its lines: line ends, dot stuffing, lines that are too long,
 * `From ` at the start of a line, eight-bit octets.
 *
 * One pass that looks for line feeds and copies nothing until something has to change: the usual body on its way to
 * another SMTP server leaves as the very buffer it came in.
 */
import { isAscii } from "node:buffer";
import { TextRun } from "./text-run.ts";

export interface LineShape {
  /** Line end to write, "\r\n" or "\n". With CRLF a bare CR or LF becomes a line end of its own (RFC 5321 §2.3.8). */
  readonly eol: string;
  /** Longest line in octets without its end; 0 for no limit. A longer one is cut: `!` before and a blank after. */
  readonly limit?: number;
  /** Doubles a dot at the start of a line (RFC 5321 §4.5.2). */
  readonly stuffDots?: boolean;
  /** Writes `>From ` for `From ` at the start of a line. */
  readonly escapeFrom?: boolean;
  /** Clears the eighth bit. */
  readonly sevenBit?: boolean;
  /** Drops NUL octets. */
  readonly dropNul?: boolean;
}

const CR = 13;
const LF = 10;
const DOT = 46;
const UPPER_F = 70;
const FROM = Buffer.from("From ");
const BANG = Buffer.from("!");
const BLANK = Buffer.from(" ");
const ONE_DOT = Buffer.from(".");
const QUOTE = Buffer.from(">");

/** Shapes a body that comes in chunks of any size. Keep one object for one body. */
export class LineShaper {
  readonly #shape: LineShape;
  readonly #eol: Buffer;
  readonly #crlf: boolean;
  readonly #limit: number;
  /** Octets already written of the line we are in; 0 at its start. */
  #column = 0;
  /** The start of the body and what follows a line end: where dots and `From ` count. */
  #atLineStart = true;
  /** Nothing but NUL octets so far in this line, where dots are stuffed. */
  #onlyNuls = false;
  /** The chunk before ended in CR: its meaning depends on the next octet. */
  #pendingCr = false;
  /** Octets held back because a chunk ended within a possible `From `. */
  #held: Buffer | undefined;

  constructor(shape: LineShape) {
    this.#shape = shape;
    this.#eol = Buffer.from(shape.eol, "latin1");
    this.#crlf = shape.eol === "\r\n";
    this.#limit = shape.limit ?? 0;
  }

  /** Octets to write for this chunk; may be empty, may be the chunk itself. */
  shape(chunk: Buffer): Buffer {
    if (this.#held === undefined && !this.#pendingCr && this.#isInShape(chunk)) return chunk;
    let input = this.#clean(chunk);
    if (this.#held !== undefined || this.#pendingCr) {
      const before = [this.#held ?? Buffer.alloc(0), this.#pendingCr ? Buffer.from("\r") : Buffer.alloc(0)];
      input = Buffer.concat([...before, input]);
      this.#held = undefined;
      this.#pendingCr = false;
    }
    return this.#lines(input, false);
  }

  /** The rest: ends the last line when the body did not. */
  end(): Buffer {
    const rest = this.#held ?? Buffer.alloc(0);
    this.#held = undefined;
    // A CR at the very end is a line end that lost its LF.
    const input = this.#pendingCr ? Buffer.concat([rest, Buffer.from("\r\n")]) : rest;
    this.#pendingCr = false;
    const shaped = input.length > 0 ? this.#lines(input, true) : input;
    if (this.#atLineStart) return shaped;
    this.#atLineStart = true;
    return Buffer.concat([shaped, this.#eol]);
  }

  /**
   * Octets that need no change. Most bodies are such, and finding that out takes a quarter of the time of going through them line
   * by line. When they are, they count as written.
   */
  #isInShape(octets: Buffer): boolean {
    const { limit = 0, sevenBit, dropNul } = this.#shape;
    const { length } = octets;
    if (!this.#crlf || length === 0 || octets[length - 1] === CR || this.#onlyNuls) return false;
    if (sevenBit === true && !isAscii(octets)) return false;
    const longest = limit > 0 ? limit : Infinity;
    const text = new TextRun(octets);
    let column = this.#column;
    let begins = this.#atLineStart;
    for (let at = 0; at < length;) {
      if (begins && this.#mayChange(octets, at)) return false;
      let end = text.end(at);
      for (; end < length && octets[end] !== CR; end = text.end(end + 1)) {
        if (octets[end] === LF || (dropNul === true && octets[end] === 0)) return false;
      }
      column += end - at;
      if (column > longest) return false;
      begins = end < length;
      if (!begins) break;
      // The last octet is no CR.
      if (octets[end + 1] !== LF) return false;
      column = 0;
      at = end + 2;
    }
    this.#column = column;
    this.#atLineStart = begins;
    return true;
  }

  /** A line begins here that is written in another way, or may be. */
  #mayChange(octets: Buffer, at: number): boolean {
    const { stuffDots, escapeFrom } = this.#shape;
    const first = octets[at];
    if (stuffDots === true && (first === DOT || first === 0)) return true;
    if (escapeFrom !== true || first !== UPPER_F) return false;
    return octets.length - at < FROM.length || isFrom(octets, at, octets.length);
  }

  #clean(chunk: Buffer): Buffer {
    const { sevenBit, dropNul } = this.#shape;
    let clean = chunk;
    if (sevenBit) {
      const high = clean.findIndex((octet) => octet > 127);
      if (high >= 0) {
        clean = Buffer.from(clean);
        for (let at = high; at < clean.length; at++) clean[at] &= 127;
      }
    }
    if (dropNul && clean.includes(0)) clean = Buffer.from(clean.filter((octet) => octet !== 0));
    return clean;
  }

  #lines(input: Buffer, atEnd: boolean): Buffer {
    const output = new Output(input);
    let position = 0;
    // Looked for again only when they lie behind us, so that a body without CR (or without LF) is not searched to its
    // end at every line.
    let cr = -1;
    let found = -1;
    while (position < input.length) {
      if (found < position) found = nextOctet(input, LF, position);
      const lf = found === Number.POSITIVE_INFINITY ? -1 : found;
      let end = lf < 0 ? input.length : lf;
      let next = lf < 0 ? input.length : lf + 1;
      let ended = lf >= 0;
      let exact = false;
      if (ended && end > position && input[end - 1] === CR) {
        end -= 1;
        exact = this.#crlf;
      }
      if (this.#crlf) {
        // A CR inside the line is a line end too: nobody downstream may see another end of message than we do.
        if (cr < position) cr = nextOctet(input, CR, position);
        if (cr < end) {
          if (cr + 1 === input.length && !atEnd) {
            end = cr;
            this.#pendingCr = true;
          } else {
            end = cr;
            next = cr + 1;
            ended = true;
            exact = false;
          }
        }
      } else if (!ended && !atEnd && input[end - 1] === CR) {
        end -= 1;
        this.#pendingCr = true;
      }
      if (!ended && !atEnd && this.#holdBack(input, position, end)) {
        output.skip(position, input.length);
        return output.finish(position);
      }
      this.#line(output, input, position, end);
      if (ended) {
        if (exact) output.keep(end, next);
        else output.replace(end, next, this.#eol);
        this.#atLineStart = true;
        this.#column = 0;
      } else if (this.#pendingCr) {
        output.skip(end, input.length);
        return output.finish(end);
      }
      position = next;
    }
    return output.finish(input.length);
  }

  /** A chunk that ends inside what may become `From `: wait for the rest. */
  #holdBack(input: Buffer, start: number, end: number): boolean {
    if (!this.#shape.escapeFrom || !this.#atLineStart || end - start >= FROM.length || end === start) return false;
    if (FROM.compare(input, start, end, 0, end - start) !== 0) return false;
    this.#held = Buffer.from(input.subarray(start, end));
    return true;
  }

  /** Octets of one line (or of a piece of it, when the chunk ends inside). */
  #line(output: Output, input: Buffer, start: number, end: number): void {
    if (start === end) return;
    if (this.#atLineStart)
      this.#onlyNuls = this.#shape.stuffDots === true && (input[start] === DOT || input[start] === 0);
    const kept = this.#onlyNuls ? this.#stuff(output, input, start, end) : start;
    if (this.#atLineStart) {
      if (this.#shape.escapeFrom && input[start] === UPPER_F && isFrom(input, start, end)) {
        this.#insert(output, start, QUOTE);
      }
      this.#atLineStart = false;
    }
    let position = kept;
    // The mark takes one octet; a line is cut only when another octet follows.
    while (this.#limit > 0 && this.#column + (end - position) > this.#limit) {
      // Each line takes one octet at least, however short it is to be.
      const room = Math.max(this.#limit - 1 - this.#column, this.#column > 1 ? 0 : 1);
      output.keep(position, position + room);
      position += room;
      output.insert(position, BANG);
      output.insert(position, this.#eol);
      output.insert(position, BLANK);
      this.#column = 1;
    }
    output.keep(position, end);
    this.#column += end - position;
  }

  /**
   * Doubles the dot that a line begins with; for receivers that drop NUL octets also one behind such octets. Others keep the
   * second dot there: better than a line that ends the message for some.
   * @returns how far the line is written
   */
  #stuff(output: Output, input: Buffer, start: number, end: number): number {
    let first = start;
    while (first < end && input[first] === 0) first++;
    output.keep(start, first);
    this.#column += first - start;
    if (first < end && input[first] === DOT) this.#insert(output, first, ONE_DOT);
    this.#onlyNuls = first === end;
    return first;
  }

  #insert(output: Output, at: number, octets: Buffer): void {
    output.insert(at, octets);
    // The receiver takes a stuffed dot away again; a `>` stays and counts.
    if (octets === QUOTE) this.#column += 1;
  }
}

/** Collects the output; stays the input itself until the first change. */
class Output {
  readonly #input: Buffer;
  #target: Buffer | undefined;
  #length = 0;
  /** Octets of the input that are kept but not copied yet: [#from, #to). */
  #from = 0;
  #to = 0;

  constructor(input: Buffer) {
    this.#input = input;
  }

  keep(start: number, end: number): void {
    if (start !== this.#to) {
      this.#flush();
      this.#from = start;
    }
    this.#to = end;
  }

  insert(at: number, octets: Buffer): void {
    this.keep(at, at);
    this.#flush();
    this.#append(octets, 0, octets.length);
  }

  replace(start: number, end: number, octets: Buffer): void {
    this.insert(start, octets);
    this.skip(start, end);
  }

  skip(_start: number, end: number): void {
    this.#flush();
    this.#from = end;
    this.#to = end;
  }

  /** @param end how far the input was used */
  finish(end: number): Buffer {
    if (this.#target === undefined && this.#from === 0 && this.#to === end) {
      return end === this.#input.length ? this.#input : this.#input.subarray(0, end);
    }
    this.#flush();
    return this.#target === undefined ? this.#input.subarray(0, 0) : this.#target.subarray(0, this.#length);
  }

  #flush(): void {
    if (this.#to > this.#from) this.#append(this.#input, this.#from, this.#to);
    this.#from = this.#to;
  }

  #append(source: Buffer, start: number, end: number): void {
    const needed = this.#length + end - start;
    if (this.#target === undefined || this.#target.length < needed) {
      const larger = Buffer.allocUnsafe(Math.max(this.#input.length + 256, needed * 2));
      this.#target?.copy(larger, 0, 0, this.#length);
      this.#target = larger;
    }
    source.copy(this.#target, this.#length, start, end);
    this.#length = needed;
  }
}

/** Infinity when there is none. */
function nextOctet(input: Buffer, octet: number, position: number): number {
  const found = input.indexOf(octet, position);
  return found < 0 ? Number.POSITIVE_INFINITY : found;
}

function isFrom(input: Buffer, start: number, end: number): boolean {
  return end - start >= FROM.length && FROM.compare(input, start, start + FROM.length) === 0;
}
