/**
 * The client's octets: command lines one after the other, the data of a message, or a counted chunk (BDAT).
 *
 * A line is handed on when the one before it has been answered, so pipelined commands stay in order (RFC 2920). Data
 * ends at CRLF.CRLF and nowhere else; stuffed dots are taken out, and a bare CR or LF is noticed so that the message can
 * be refused (such messages are read differently by different servers, which is what SMTP smuggling lives on).
 */
import { SMTPStream } from "smtp-server/lib/smtp-stream.js";
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";
import { type DataFacts, DataScanner } from "./data-scanner.ts";
import type { Share } from "./turns.ts";

/** Octets of a command line with CRLF, as in sendmail; RFC 5321 §4.5.3.1.4 asks for 512. */
const LONGEST_LINE = 2048;
/** Those of AUTH and what follows it: RFC 4954 §4. */
const LONGEST_AUTH_LINE = 12_288;

/** What reading takes of our time where nobody watches it, ms for each octet; of little it is nothing. */
const READING_FEE = 2e-6;
const LITTLE = 8192;

export interface LineConsumer {
  /** Says when it is this client's turn. */
  readonly share: Share;
  /**
   * A line without its end, latin1. Call `next` to get the following one.
   * @param more true when the client has already sent what follows
   */
  line(text: string, next: () => void, more: boolean): void;
  /** The line that comes belongs to AUTH. */
  readonly awaitsLongLine: boolean;
  /** A line longer than we read; of one that belongs to AUTH all octets were dropped, of others the end has not come. */
  lineTooLong(next: () => void): void;
  /** The client will send nothing more, and all it sent has been dealt with. */
  ended(): void;
}

export interface DataConsumer {
  /** Octets of the message; keeps the buffer. */
  data(octets: Buffer): MaybePromise<void>;
  /** The terminating dot was read, or the last octet of a chunk. Call `next` to go on with commands. */
  end(facts: DataFacts, next: () => void): void;
}

type Done = (error?: Error | null) => void;

export class OctetStream extends SMTPStream {
  readonly #lines: LineConsumer;
  #line = "";
  /** Of a line of AUTH that is too long. */
  #dropping = false;
  #sink: DataConsumer | undefined;
  readonly #scanner = new DataScanner();
  /** Octets of a BDAT chunk still to come; undefined while data ends with a dot. */
  #remaining: number | undefined;

  constructor(lines: LineConsumer) {
    super({ maxCommandLength: LONGEST_LINE, decodeStrings: true });
    this.#lines = lines;
  }

  /** From the next octet on, everything is message data for `sink`, up to the terminating dot. */
  startData(sink: DataConsumer): void {
    this.#sink = sink;
    this.#remaining = undefined;
    this.#scanner.reset();
  }

  /**
   * The next `count` octets are message data for `sink` (RFC 3030).
   * @param fresh true for the first chunk of a message
   */
  startChunk(sink: DataConsumer, count: number, fresh: boolean): void {
    this.#sink = sink;
    this.#remaining = count;
    if (fresh) this.#scanner.reset();
  }

  get inData(): boolean {
    return this.#sink !== undefined;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding | "buffer", done: Done): void {
    this.#lines.share.take(() => this.#consume(chunk, 0, done));
    if (chunk.length > LITTLE) this.#lines.share.charge(chunk.length * READING_FEE);
  }

  /** An unfinished line at the end of the connection is no command. */
  override _flushData(): void {
    this.#line = "";
    if (!this.isClosed) this.#lines.ended();
  }

  #consume(chunk: Buffer, from: number, done: Done): void {
    let position = from;
    for (;;) {
      if (this.isClosed) return done();
      if (this.#sink !== undefined && (position < chunk.length || this.#remaining === 0)) {
        return this.#consumeData(this.#sink, chunk, position, done);
      }
      if (position >= chunk.length) return done();
      const newline = chunk.indexOf(0x0a, position);
      this.#keep(chunk, position, newline < 0 ? chunk.length : newline);
      if (this.#dropping && !this.#lines.awaitsLongLine) return this.#lines.lineTooLong(done);
      if (newline < 0) return done();
      position = newline + 1;
      // Handlers usually answer at once; only when one does not is the rest of the chunk left for later.
      let answered = false;
      let waiting = false;
      const resume = position;
      this.#hand(resume < chunk.length || this.writableLength > chunk.length, () => {
        if (waiting) this.#lines.share.take(() => this.#consume(chunk, resume, done));
        else answered = true;
      });
      if (!answered) {
        waiting = true;
        return undefined;
      }
      // So many commands of one packet are answered, then other clients get their turn.
      if (position < chunk.length && this.#lines.share.isOver) {
        return this.#lines.share.later(() => this.#consume(chunk, resume, done));
      }
    }
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    if (this.#dropping) return;
    const length = this.#line.length + to - from;
    if (length >= LONGEST_LINE && (length > LONGEST_AUTH_LINE || !this.#mayBeLonger(chunk, from))) {
      this.#dropping = true;
      this.#line = "";
    } else {
      const text = chunk.toString("latin1", from, to);
      this.#line = this.#line === "" ? text : this.#line + text;
    }
  }

  #mayBeLonger(chunk: Buffer, from: number): boolean {
    if (this.#lines.awaitsLongLine) return true;
    const begin = this.#line === "" ? chunk.toString("latin1", from, from + 5) : this.#line.slice(0, 5);
    return /^auth\s$/i.test(begin);
  }

  #hand(more: boolean, next: () => void): void {
    const line = this.#line;
    this.#line = "";
    if (this.#dropping) {
      this.#dropping = false;
      return this.#lines.lineTooLong(next);
    }
    return this.#lines.line(line.endsWith("\r") ? line.slice(0, -1) : line, next, more);
  }

  #consumeData(sink: DataConsumer, chunk: Buffer, from: number, done: Done): void {
    let end: number;
    let octets: Buffer;
    if (this.#remaining === undefined) {
      const pieces: Buffer[] = [];
      end = this.#scanner.scan(chunk, from, pieces);
      octets = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
    } else {
      const stop = Math.min(chunk.length, from + this.#remaining);
      octets = chunk.subarray(from, stop);
      this.#scanner.watch(octets);
      this.#remaining -= octets.length;
      end = this.#remaining === 0 ? stop : -1;
    }
    const proceed = (): void => {
      if (end < 0 || this.isClosed) return done();
      this.#sink = undefined;
      this.#remaining = undefined;
      sink.end(this.#scanner.facts, () => this.#consume(chunk, end, done));
    };
    const written = octets.length === 0 ? undefined : sink.data(octets);
    const { share } = this.#lines;
    if (!isPromise(written)) return proceed();
    const goOn = (): void => share.take(proceed);
    void written.then(goOn, goOn);
  }
}
