/**
 * The client's octets: command lines one after the other, or the data of a message.
 *
 * A line is handed on when the one before it has been answered, so pipelined commands stay in order (RFC 2920). Data
 * ends at CRLF.CRLF and nowhere else; stuffed dots are taken out, and a bare CR or LF is noticed so that the message can
 * be refused (such messages are read differently by different servers, which is what SMTP smuggling lives on).
 */
import { SMTPStream } from "smtp-server/lib/smtp-stream.js";
import type { MaybePromise } from "../sys/maybe-promise.ts";

/** Octets of a command line with CRLF; longer than RFC 5321 §4.5.3.1.4 asks for. */
const LONGEST_LINE = 2048;

export interface LineConsumer {
  /** A line without its end, latin1. Call `next` to get the following one. */
  line(text: string, next: () => void): void;
  /** A line longer than we read; its octets were dropped. */
  lineTooLong(next: () => void): void;
}

export interface DataConsumer {
  /** Octets with dots unstuffed; keeps the buffer. */
  data(octets: Buffer): MaybePromise<void>;
  /** The terminating dot was read. Call `next` to go on with commands. */
  end(facts: { readonly bareLineEnd: boolean }, next: () => void): void;
}

/** Where in CRLF.CRLF the reader is. */
const TEXT = 0;
const AFTER_CR = 1;
const LINE_START = 2;
const AFTER_DOT = 3;
const AFTER_DOT_CR = 4;
type DataState = typeof TEXT | typeof AFTER_CR | typeof LINE_START | typeof AFTER_DOT | typeof AFTER_DOT_CR;

const CR = Buffer.from("\r");

export class OctetStream extends SMTPStream {
  readonly #lines: LineConsumer;
  #line = "";
  #dropping = false;
  #sink: DataConsumer | undefined;
  #state: DataState = LINE_START;
  #bareLineEnd = false;

  constructor(lines: LineConsumer) {
    super({ maxCommandLength: LONGEST_LINE, decodeStrings: true });
    this.#lines = lines;
  }

  /** From the next octet on, everything is message data for `sink`, up to the terminating dot. */
  startData(sink: DataConsumer): void {
    this.#sink = sink;
    this.#state = LINE_START;
    this.#bareLineEnd = false;
  }

  get inData(): boolean {
    return this.#sink !== undefined;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding | "buffer", done: (error?: Error | null) => void): void {
    this.#consume(chunk, 0, done);
  }

  /** An unfinished line at the end of the connection is no command. */
  override _flushData(): void {
    this.#line = "";
  }

  #consume(chunk: Buffer, from: number, done: () => void): void {
    let position = from;
    for (;;) {
      if (this.isClosed || position >= chunk.length) return done();
      if (this.#sink !== undefined) return this.#consumeData(chunk, position, done);
      const newline = chunk.indexOf(0x0a, position);
      if (newline < 0) {
        this.#keep(chunk.toString("latin1", position));
        return done();
      }
      this.#keep(chunk.toString("latin1", position, newline));
      position = newline + 1;
      // Handlers usually answer at once; only when one does not is the rest of the chunk left for later.
      let answered = false;
      let waiting = false;
      const resume = position;
      const next = (): void => {
        if (waiting) this.#consume(chunk, resume, done);
        else answered = true;
      };
      this.#hand(next);
      if (!answered) {
        waiting = true;
        return undefined;
      }
    }
  }

  #keep(text: string): void {
    if (this.#dropping) return;
    this.#line += text;
    if (this.#line.length <= LONGEST_LINE) return;
    this.#dropping = true;
    this.#line = "";
  }

  #hand(next: () => void): void {
    const line = this.#line;
    this.#line = "";
    if (this.#dropping) {
      this.#dropping = false;
      return this.#lines.lineTooLong(next);
    }
    return this.#lines.line(line.endsWith("\r") ? line.slice(0, -1) : line, next);
  }

  #consumeData(chunk: Buffer, from: number, done: () => void): void {
    const sink = this.#sink as DataConsumer;
    const pieces: Buffer[] = [];
    const end = this.#scan(chunk, from, pieces);
    const octets = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
    const proceed = (): void => {
      if (end < 0) return done();
      this.#sink = undefined;
      sink.end({ bareLineEnd: this.#bareLineEnd }, () => this.#consume(chunk, end, done));
    };
    if (octets.length === 0) return proceed();
    const written = sink.data(octets);
    if (written instanceof Promise) void written.then(proceed, proceed);
    else proceed();
  }

  /** Collects the data octets of a chunk; returns the index after the terminating dot's line, or -1. */
  #scan(chunk: Buffer, from: number, pieces: Buffer[]): number {
    let state = this.#state;
    let start = from;
    for (let i = from; i < chunk.length; i++) {
      const octet = chunk[i];
      if (state === TEXT) {
        if (octet === 0x0d) state = AFTER_CR;
        else if (octet === 0x0a) this.#bareLineEnd = true;
      } else if (state === AFTER_CR) {
        if (octet === 0x0a) state = LINE_START;
        else {
          this.#bareLineEnd = true;
          if (octet !== 0x0d) state = TEXT;
        }
      } else if (state === LINE_START) {
        if (octet === 0x2e) {
          if (i > start) pieces.push(chunk.subarray(start, i));
          start = i + 1;
          state = AFTER_DOT;
        } else state = this.#afterOctet(octet);
      } else if (state === AFTER_DOT) {
        state = octet === 0x0d ? AFTER_DOT_CR : this.#afterOctet(octet);
      } else {
        // After "<line start>.CR": LF ends the data, anything else makes the CR part of the text.
        if (octet === 0x0a) {
          this.#state = LINE_START;
          return i + 1;
        }
        if (start > i - 1) pieces.push(CR);
        this.#bareLineEnd = true;
        state = octet === 0x0d ? AFTER_CR : this.#afterOctet(octet);
      }
    }
    const keepCr = state === AFTER_DOT_CR && start < chunk.length ? 1 : 0;
    if (chunk.length - keepCr > start) pieces.push(chunk.subarray(start, chunk.length - keepCr));
    this.#state = state;
    return -1;
  }

  #afterOctet(octet: number): DataState {
    if (octet === 0x0d) return AFTER_CR;
    if (octet === 0x0a) this.#bareLineEnd = true;
    return TEXT;
  }
}
