/**
 * The client's octets: command lines one after the other, the data of a message, or a counted chunk (BDAT).
 *
 * A line is handed on when the one before it has been answered, so pipelined commands stay in order (RFC 2920). Data
 * ends at CRLF.CRLF and nowhere else; stuffed dots are taken out, and a bare CR or LF is noticed so that the message can
 * be refused (such messages are read differently by different servers, which is what SMTP smuggling lives on).
 */
import type { Socket } from "node:net";
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";
import { readShared } from "../sys/shared-reads.ts";
import { type DataFacts, DataScanner } from "./data-scanner.ts";
import type { Share } from "./turns.ts";

/** Octets of a command line with CRLF, as in sendmail; RFC 5321 §4.5.3.1.4 asks for 512. */
const LONGEST_LINE = 2048;
/** Those of AUTH and what follows it: RFC 4954 §4. */
const LONGEST_AUTH_LINE = 12_288;

/** What reading takes of our time where nobody watches it, ms for each octet; of little it is nothing. */
const READING_FEE = 2e-6;
const LITTLE = 8192;

const NOTHING = Buffer.alloc(0);

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

/**
 * Reads a socket itself, in the place of a stream that the socket would be piped into: a stream costs every session its states
 * and listeners, and every packet a way through them and back.
 */
export class OctetStream {
  /** Nothing is handed on any more, whatever comes. */
  isClosed = false;
  readonly #lines: LineConsumer;
  #socket: Socket | undefined;
  #stop: (() => void) | undefined;
  /** The octets at hand are ours until we return: what is to stay has to be copied. */
  #isBorrowed = false;
  /** What was read was not dealt with yet; what has come behind it. The socket waits then. */
  #isBusy = false;
  #waiting: Buffer | undefined;
  #hasEnded = false;
  #line = "";
  /** Of a line of AUTH that is too long. */
  #dropping = false;
  #sink: DataConsumer | undefined;
  readonly #scanner = new DataScanner();
  /** Octets of a BDAT chunk still to come; undefined while data ends with a dot. */
  #remaining: number | undefined;

  constructor(lines: LineConsumer) {
    this.#lines = lines;
  }

  /** Reads from this socket, to its end or until `leave`. */
  readFrom(socket: Socket): void {
    this.#socket = socket;
    this.#stop = readShared(socket, this.#readShared);
    if (this.#stop === undefined) socket.on("data", this.#read);
    socket.on("end", this.#end);
    // Whoever read before may have paused it.
    socket.resume();
  }

  /** Reads no more; the socket is paused. */
  leave(): void {
    this.#stop?.();
    this.#socket?.off("data", this.#read).off("end", this.#end).pause();
    this.#socket = undefined;
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

  readonly #readShared = (chunk: Buffer): void => {
    this.#isBorrowed = true;
    this.#read(chunk);
    this.#isBorrowed = false;
  };

  readonly #read = (chunk: Buffer): void => {
    if (this.isClosed) return;
    if (!this.#isBusy) return this.#take(chunk);
    this.#waiting = this.#waiting === undefined ? this.#kept(chunk) : Buffer.concat([this.#waiting, chunk]);
    this.#socket?.pause();
  };

  /** Octets of the chunk at hand, to be looked at later. */
  #kept(octets: Buffer): Buffer {
    return this.#isBorrowed && octets.length > 0 ? Buffer.from(octets) : octets;
  }

  /** The rest of the chunk at hand, mostly nothing. */
  #rest(chunk: Buffer, from: number): Buffer {
    return from < chunk.length ? this.#kept(chunk.subarray(from)) : NOTHING;
  }

  #take(chunk: Buffer): void {
    const { share } = this.#lines;
    this.#isBusy = true;
    let octets = chunk;
    let hasBegun = false;
    share.take(() => {
      hasBegun = true;
      this.#consume(octets);
    });
    if (!hasBegun) octets = this.#kept(chunk);
    if (chunk.length > LITTLE) share.charge(chunk.length * READING_FEE);
  }

  /** All octets of the chunk were dealt with. */
  readonly #done = (): void => {
    this.#isBusy = false;
    const next = this.#waiting;
    if (next === undefined) return this.#hasEnded ? this.#end() : undefined;
    this.#waiting = undefined;
    if (!this.isClosed) this.#take(next);
    if (this.#waiting === undefined) this.#socket?.resume();
  };

  /** An unfinished line at the end of the connection is no command. */
  readonly #end = (): void => {
    this.#hasEnded = true;
    if (this.#isBusy || this.isClosed) return;
    this.#line = "";
    this.#lines.ended();
  };

  /** The client has sent more than the chunk that is being dealt with. */
  get #hasMore(): boolean {
    return this.#waiting !== undefined || (this.#socket !== undefined && this.#socket.readableLength > 0);
  }

  #consume(chunk: Buffer): void {
    let position = 0;
    for (;;) {
      if (this.isClosed) return this.#done();
      if (this.#sink !== undefined && (position < chunk.length || this.#remaining === 0)) {
        return this.#consumeData(this.#sink, chunk, position);
      }
      if (position >= chunk.length) return this.#done();
      const newline = chunk.indexOf(0x0a, position);
      this.#keep(chunk, position, newline < 0 ? chunk.length : newline);
      if (this.#dropping && !this.#lines.awaitsLongLine) return this.#lines.lineTooLong(this.#done);
      if (newline < 0) return this.#done();
      position = newline + 1;
      // Handlers usually answer at once; only when one does not is the rest of the chunk left for later.
      let answered = false;
      let rest: Buffer | undefined;
      this.#hand(position < chunk.length || this.#hasMore, () => {
        const later = rest;
        if (later === undefined) answered = true;
        else this.#lines.share.take(() => this.#consume(later));
      });
      if (!answered) {
        rest = this.#rest(chunk, position);
        return undefined;
      }
      // So many commands of one packet are answered, then other clients get their turn.
      if (position < chunk.length && this.#lines.share.isOver) {
        const later = this.#rest(chunk, position);
        return this.#lines.share.later(() => this.#consume(later));
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

  #consumeData(sink: DataConsumer, chunk: Buffer, from: number): void {
    let end: number;
    let octets: Buffer;
    if (this.#remaining === undefined) {
      const pieces: Buffer[] = [];
      end = this.#scanner.scan(chunk, from, pieces);
      octets = pieces.length === 1 ? this.#kept(pieces[0]) : Buffer.concat(pieces);
    } else {
      const stop = Math.min(chunk.length, from + this.#remaining);
      octets = this.#kept(chunk.subarray(from, stop));
      this.#scanner.watch(octets);
      this.#remaining -= octets.length;
      end = this.#remaining === 0 ? stop : -1;
    }
    const rest = end < 0 ? NOTHING : this.#rest(chunk, end);
    const proceed = (): void => {
      if (end < 0 || this.isClosed) return this.#done();
      this.#sink = undefined;
      this.#remaining = undefined;
      sink.end(this.#scanner.facts, () => this.#consume(rest));
    };
    const written = octets.length === 0 ? undefined : sink.data(octets);
    const { share } = this.#lines;
    if (!isPromise(written)) return proceed();
    const goOn = (): void => share.take(proceed);
    void written.then(goOn, goOn);
  }
}
