/**
 * Walks over the lines of a message's body and says what each of them is: header of a part, content of a leaf, or neither
 * (delimiters, preambles, epilogues). In one pass, with memory for one header and for the names of the open delimiters.
 */
import { fieldValue, mimeEntity, withoutBlanksBehind, type MimeEntity } from "./mime-entity.ts";

export interface MimeListener {
  /**
   * A whole header, without the empty line after it; `leaf` counts leaves from 0, undefined when it is none.
   * @param ofMessage of a message in the message, not of a part
   */
  header(lines: readonly string[], entity: MimeEntity, leaf: number | undefined, ofMessage: boolean): void;
  /** A piece of a line of a leaf. */
  content(text: string, startsLine: boolean, endsLine: boolean): void;
  /** @param atEnd the message ends here; otherwise the last line end belongs to the delimiter (RFC 2046 §5.1.1) */
  leafEnds(atEnd: boolean): void;
  other(text: string, endsLine: boolean): void;
}

/** Deeper ones are left alone. */
const DEEPEST = 30;
/** Octets of the header of a part; what is longer is no header that matters. */
const LONGEST_HEADER = 256 * 1024;
/** A longer line is handed out in pieces. */
const LONGEST_PIECE = 16 * 1024;

export class MimeWalk {
  readonly #listener: MimeListener;
  readonly #open: { readonly delimiter: string; readonly digest: boolean }[] = [];
  #state: "header" | "leaf" | "other" = "other";
  #header: string[] = [];
  #headerSize = 0;
  #inDigest = false;
  #ofMessage = false;
  #leaves = 0;

  /** @param top the entity that the message itself is */
  constructor(top: MimeEntity, listener: MimeListener) {
    this.#listener = listener;
    this.#begin(top);
  }

  /** A line, or a piece of one. */
  line(text: string, startsLine: boolean, endsLine: boolean): void {
    if (startsLine && endsLine && text.startsWith("--") && this.#delimits(text)) return;
    if (this.#state === "leaf") this.#listener.content(text, startsLine, endsLine);
    else if (this.#state === "other") this.#listener.other(text, endsLine);
    else if (text === "" && startsLine && endsLine) this.#endHeader();
    else this.#headerLine(text, startsLine, endsLine);
  }

  /** False inside a header, whose lines are looked at one by one. */
  get takesBlocks(): boolean {
    return this.#state !== "header";
  }

  /** Several lines and their ends in one piece, none of which begins with `--`; only where `takesBlocks` says so. */
  block(text: string, startsLine: boolean, endsLine: boolean): void {
    if (this.#state === "leaf") this.#listener.content(text, startsLine, endsLine);
    else this.#listener.other(text, endsLine);
  }

  /** The rest of the message, which has no line end: a delimiter is one all the same. */
  lastLine(text: string, startsLine: boolean): void {
    if (startsLine && text.startsWith("--") && this.#delimits(text)) return;
    this.line(text, startsLine, false);
  }

  end(): void {
    this.#leave(true);
  }

  #begin(entity: MimeEntity): void {
    if (entity.kind === "leaf") {
      this.#leaves++;
      this.#state = "leaf";
    } else if (entity.kind === "message") this.#state = "header";
    else this.#state = "other";
    this.#ofMessage = entity.kind === "message";
    if (entity.kind === "multipart" && entity.boundary !== undefined && this.#open.length < DEEPEST) {
      this.#open.push({ delimiter: `--${entity.boundary}`, digest: entity.digest === true });
    }
  }

  #delimits(text: string): boolean {
    const line = withoutBlanksBehind(text);
    for (let at = this.#open.length - 1; at >= 0; at--) {
      const { delimiter, digest } = this.#open[at];
      const closes = line === `${delimiter}--`;
      if (!closes && line !== delimiter) continue;
      this.#leave(false);
      this.#open.length = closes ? at : at + 1;
      this.#listener.other(text, true);
      this.#state = closes ? "other" : "header";
      this.#inDigest = digest;
      this.#ofMessage = false;
      return true;
    }
    return false;
  }

  #headerLine(text: string, startsLine: boolean, endsLine: boolean): void {
    this.#headerSize += text.length;
    if (startsLine) this.#header.push(text);
    else this.#header[this.#header.length - 1] += text;
    if (this.#headerSize <= LONGEST_HEADER) return;
    const lines = this.#takeHeader();
    // The rest of the last line is still to come: a line of its own it must not become.
    lines.forEach((line, at) => this.#listener.other(line, endsLine || at < lines.length - 1));
    this.#state = "other";
  }

  #takeHeader(): string[] {
    const lines = this.#header;
    this.#header = [];
    this.#headerSize = 0;
    return lines;
  }

  #endHeader(): void {
    const lines = this.#takeHeader();
    const entity = mimeEntity(
      fieldValue(lines, "content-type"),
      fieldValue(lines, "content-transfer-encoding"),
      this.#inDigest,
    );
    this.#inDigest = false;
    this.#listener.header(lines, entity, entity.kind === "leaf" ? this.#leaves : undefined, this.#ofMessage);
    this.#listener.other("", true);
    this.#begin(entity);
  }

  /** What was going on ends here. A header without an end is nothing but lines. */
  #leave(atEnd: boolean): void {
    if (this.#state === "leaf") this.#listener.leafEnds(atEnd);
    for (const line of this.#takeHeader()) this.#listener.other(line, true);
    this.#state = "other";
  }
}

/** Cuts octets that come in chunks of any size into lines; CR LF, CR and LF end a line. */
export class LineCutter {
  readonly #line: (text: string, startsLine: boolean, endsLine: boolean) => void;
  #rest = "";
  #startsLine = true;
  /** The last octet was a CR: a LF belongs to it. */
  #afterCr = false;

  constructor(line: (text: string, startsLine: boolean, endsLine: boolean) => void) {
    this.#line = line;
  }

  write(chunk: Buffer): void {
    let text = chunk.toString("latin1");
    if (text === "") return;
    if (this.#afterCr && text.startsWith("\n")) text = text.slice(1);
    this.#afterCr = false;
    if (text === "") return;
    this.#afterCr = text.endsWith("\r");
    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#give(line, true);
    if (this.#rest.length > LONGEST_PIECE) {
      this.#give(this.#rest, false);
      this.#rest = "";
    }
  }

  /** True when the last line had an end. */
  end(): boolean {
    const whole = this.#rest === "" && this.#startsLine;
    if (!whole) this.#give(this.#rest, true);
    return whole;
  }

  #give(line: string, endsLine: boolean): void {
    this.#line(line, this.#startsLine, endsLine);
    this.#startsLine = endsLine;
  }
}
