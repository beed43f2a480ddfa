/**
 * Takes a message apart while it arrives: header block first, then body octets, which go on at once.
 *
 * Knows nothing of queues and checks; it is told where body octets go. Chunks may be cut anywhere.
 */
import { isAscii } from "node:buffer";
import { type HeaderField, parseHeader } from "../mail/header.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";

export interface CollectorOptions {
  /** MaxHeadersLength: octets of the whole header block. 0: only the built-in bound. */
  readonly maxHeadersLength: number;
  /** Receives body octets in order. */
  body(chunk: Buffer): MaybePromise<void>;
}

/** No message needs more header than this, whatever the configuration says: a bound for memory. */
const HEADER_BOUND = 4 * 1024 * 1024;

const NOTHING = Buffer.alloc(0);

export class Collector {
  readonly #options: CollectorOptions;
  readonly #limit: number;
  /** Header octets so far; undefined once the header has ended. A view of #room, which grows by doubling. */
  #pending: Buffer | undefined = NOTHING;
  #room = NOTHING;
  #fields: readonly HeaderField[] = [];
  #bodySize = 0;
  #eightBit = false;
  #tooLong = false;

  constructor(options: CollectorOptions) {
    this.#options = options;
    const { maxHeadersLength } = options;
    this.#limit = maxHeadersLength > 0 ? Math.min(maxHeadersLength, HEADER_BOUND) : HEADER_BOUND;
  }

  /** Header fields as sent; complete once `finish` was called. */
  get fields(): readonly HeaderField[] {
    return this.#fields;
  }

  get bodySize(): number {
    return this.#bodySize;
  }

  /** True when the body has octets above 127. */
  get eightBit(): boolean {
    return this.#eightBit;
  }

  /** The header was longer than allowed; the message has to be refused, what comes is dropped. */
  get headerTooLong(): boolean {
    return this.#tooLong;
  }

  write(chunk: Buffer): MaybePromise<void> {
    if (this.#tooLong) return undefined;
    if (this.#pending === undefined) return this.#body(chunk);
    const seen = this.#pending.length;
    const block = seen === 0 ? chunk : this.#append(this.#pending, chunk);
    const end = endOfHeader(block, Math.max(0, seen - 3));
    if (end === undefined) {
      this.#pending = block;
      // Its last octet may be the CR of the empty line.
      if (block.length - 1 > this.#limit) this.#refuse();
      return undefined;
    }
    if (end.header > this.#limit) {
      this.#refuse();
      return undefined;
    }
    const rest = block.subarray(end.body);
    this.#room = NOTHING;
    return this.#startBody(block.toString("latin1", 0, end.header), rest, true);
  }

  /** Call after the last chunk: a message without an empty line is all header. */
  finish(): MaybePromise<void> {
    if (this.#pending === undefined || this.#tooLong) return undefined;
    return this.#startBody(this.#pending.toString("latin1"), Buffer.alloc(0), false);
  }

  /** @param separated the empty line was there; what follows it may come with the next chunk */
  #startBody(header: string, rest: Buffer, separated: boolean): MaybePromise<void> {
    this.#pending = undefined;
    const parsed = parseHeader(header);
    this.#fields = parsed.fields;
    if (parsed.rest === "") return rest.length > 0 ? this.#body(rest) : undefined;
    // A line that is no field ended the header; the empty line further down belongs to the body.
    const early = Buffer.from(parsed.rest, "latin1");
    return this.#body(separated ? Buffer.concat([early, Buffer.from("\r\n"), rest]) : early);
  }

  /** A header may come octet by octet: what is there already is not copied each time. */
  #append(before: Buffer, chunk: Buffer): Buffer {
    const needed = before.length + chunk.length;
    if (this.#room.length < needed) {
      this.#room = Buffer.allocUnsafeSlow(Math.max(2 * needed, 4096));
      before.copy(this.#room);
    } else if (before.buffer !== this.#room.buffer) before.copy(this.#room);
    chunk.copy(this.#room, before.length);
    return this.#room.subarray(0, needed);
  }

  #body(chunk: Buffer): MaybePromise<void> {
    this.#bodySize += chunk.length;
    if (!this.#eightBit) this.#eightBit = !isAscii(chunk);
    return this.#options.body(chunk);
  }

  #refuse(): void {
    this.#tooLong = true;
    this.#pending = NOTHING;
    this.#room = NOTHING;
  }
}

/** Where the header block ends (after the CRLF of its last field) and where the body begins. */
function endOfHeader(block: Buffer, from: number): { header: number; body: number } | undefined {
  if (from === 0 && block.length >= 2 && block[0] === 0x0d && block[1] === 0x0a) return { header: 0, body: 2 };
  const found = block.indexOf("\r\n\r\n", from, "latin1");
  return found < 0 ? undefined : { header: found + 2, body: found + 4 };
}
