/**
 * Finds the end of message data (CRLF.CRLF), takes out stuffed dots and notices what others may take for an end (bare CR and LF, a
 * dot among NUL octets, which some drop), over chunks that may be cut anywhere. Every octet of every message passes here, so
 * ordinary text is passed over in long steps.
 */
import { TextRun } from "../mail/text-run.ts";

const TEXT = 0;
const AFTER_CR = 1;
const LINE_START = 2;
const AFTER_DOT = 3;
const AFTER_DOT_CR = 4;
/** Only NUL octets so far in this line; NUL octets and a dot. */
const AFTER_NUL = 5;
const AFTER_NUL_DOT = 6;
type State =
  | typeof AFTER_NUL
  | typeof AFTER_NUL_DOT
  | typeof TEXT
  | typeof AFTER_CR
  | typeof LINE_START
  | typeof AFTER_DOT
  | typeof AFTER_DOT_CR;

const CR = Buffer.from("\r");

/** Why a message is refused whose end two servers may see at different places. */
export interface DataFacts {
  /** A CR or LF came alone. */
  readonly bareLineEnd: boolean;
  /** A line that is a lone dot for whoever drops NUL octets. */
  readonly hiddenDot: boolean;
}

export class DataScanner {
  #state: State = LINE_START;
  #bareLineEnd = false;
  #hiddenDot = false;
  /** Counted octets: those before ended with a line, or with NUL octets at the beginning of one. */
  #lineBegins = true;
  #nulAtEnd = false;

  reset(): void {
    this.#state = LINE_START;
    this.#bareLineEnd = this.#hiddenDot = this.#nulAtEnd = false;
    this.#lineBegins = true;
  }

  get facts(): DataFacts {
    return { bareLineEnd: this.bareLineEnd, hiddenDot: this.#hiddenDot };
  }

  /** True once a CR or LF came alone. */
  get bareLineEnd(): boolean {
    return this.#bareLineEnd || this.#state === AFTER_CR;
  }

  /**
   * Scans a chunk from `from`.
   * @param pieces receives the data octets
   * @returns the index after the line of the terminating dot, or -1 when more is to come
   */
  scan(chunk: Buffer, from: number, pieces: Buffer[]): number {
    const { length } = chunk;
    const text = new TextRun(chunk);
    let state = this.#state;
    let start = from;
    for (let i = from; i < length; i++) {
      if (state === TEXT) {
        // CR (13) and LF (10) are the only octets of interest; almost all others are larger.
        i = text.end(i);
        if (i === length) break;
        if (chunk[i] === 0x0d) state = AFTER_CR;
        else if (chunk[i] === 0x0a) this.#bareLineEnd = true;
        continue;
      }
      const octet = chunk[i];
      if (state === AFTER_CR) {
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
        } else state = octet === 0 ? AFTER_NUL : this.#after(octet);
      } else if (state === AFTER_DOT) {
        state = octet === 0x0d ? AFTER_DOT_CR : octet === 0 ? AFTER_NUL_DOT : this.#after(octet);
      } else if (state >= AFTER_NUL) {
        state = this.#amongNul(state, octet);
      } else {
        // After "<line start>.CR": LF ends the data, anything else makes the CR part of the text.
        if (octet === 0x0a) {
          this.#state = LINE_START;
          return i + 1;
        }
        if (start === i) pieces.push(CR);
        this.#bareLineEnd = true;
        state = octet === 0x0d ? AFTER_CR : this.#after(octet);
      }
    }
    // A CR after the dot may belong to the end; it is given out when the next chunk shows that it does not.
    const stop = state === AFTER_DOT_CR ? length - 1 : length;
    if (stop > start) pieces.push(chunk.subarray(start, stop));
    this.#state = state;
    return -1;
  }

  /** After NUL octets at the beginning of a line, with or without a dot among them. */
  #amongNul(state: State, octet: number): State {
    if (octet === 0) return state;
    if (octet === 0x2e && state === AFTER_NUL) return AFTER_NUL_DOT;
    if (state === AFTER_NUL_DOT && (octet === 0x0d || octet === 0x0a)) this.#hiddenDot = true;
    return this.#after(octet);
  }

  /** Only notices what others may take for an end: for chunks of counted octets, where dots mean nothing. */
  watch(octets: Buffer): void {
    const { length } = octets;
    let afterCr = this.#state === AFTER_CR;
    this.#watchNul(octets);
    const text = new TextRun(octets);
    for (let i = 0; i < length; i++) {
      if (!afterCr) i = text.end(i);
      if (i === length) break;
      const octet = octets[i];
      if (afterCr !== (octet === 0x0a)) this.#bareLineEnd = true;
      afterCr = octet === 0x0d;
    }
    this.#state = afterCr ? AFTER_CR : TEXT;
  }

  /** In counted octets a dot among NUL is suspicious wherever the line goes on, and a chunk may begin within a line. */
  #watchNul(octets: Buffer): void {
    const { length } = octets;
    if (length === 0) return;
    const [afterNul, lineBegins] = [this.#nulAtEnd, this.#lineBegins];
    const last = octets[length - 1];
    this.#lineBegins = last === 0x0d || last === 0x0a;
    this.#nulAtEnd = false;
    if (!afterNul && !octets.includes(0)) return;
    const text = octets.toString("latin1");
    const goesOn = afterNul ? /^\0*\./.test(text) : lineBegins && /^\0+\./.test(text);
    if (goesOn || /[\r\n]\0+\./.test(text)) this.#hiddenDot = true;
    this.#nulAtEnd = /[\r\n]\0+$/.test(text) || ((afterNul || lineBegins) && /^\0+$/.test(text));
  }

  #after(octet: number): State {
    if (octet === 0x0d) return AFTER_CR;
    if (octet === 0x0a) this.#bareLineEnd = true;
    return TEXT;
  }
}
