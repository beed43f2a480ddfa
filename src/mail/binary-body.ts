/**
 * Messages with binary parts (RFC 3030 §3) as all other mail is: lines that end with CR LF. Each leaf that is labelled as
 * `binary` is written in base64, octet for octet, and gets that label; everything else stays. In one pass, while the message
 * comes in; the header of a part is all that is kept.
 *
 * A CR or LF alone, or a dot among NUL octets, belongs into leaves with that label. Elsewhere it is what two servers may take
 * for the end of a message, and `isStray` tells of it.
 */
import { fieldValue, isFieldNamed, type MimeEntity } from "./mime-entity.ts";
import { MimeWalk } from "./mime-walk.ts";
import { relabelled } from "./seven-bit-body.ts";
import { Base64 } from "./transfer-encoders.ts";

const LABEL = "content-transfer-encoding";
/** What a message is before its header has been read. */
const WHOLE: MimeEntity = { kind: "message", isText: false };

export class BinaryBody {
  /** Octets that only a binary leaf may have were found elsewhere; what has been written is no message. */
  isStray = false;
  readonly #note: string;
  readonly #walk: MimeWalk;
  #encoder: Base64 | undefined;
  #written = "";
  /** What may go on with the next octets. */
  #rest = "";
  #startsLine = true;
  /** Of what is written as it came: a line begins, or has had NUL octets only. */
  #lineBegins = true;
  #afterNul = false;

  /** @param note value of the X-MIME-Autoconverted field in each header that gets another encoding */
  constructor(note: string) {
    this.#note = note;
    this.#walk = new MimeWalk(WHOLE, {
      header: (lines, entity, _leaf, ofMessage) => this.#header(lines, entity, ofMessage),
      content: (text, starts, ends) => this.#content(text, starts, ends),
      leafEnds: (atEnd) => this.#leafEnds(atEnd),
      other: (text, ends) => this.#plain(text, ends),
    });
  }

  /**
   * @param chunk of the message, header first; cut anywhere
   * @returns what is known of the new message by now
   */
  write(chunk: Buffer): Buffer {
    const text = this.#rest + chunk.toString("latin1");
    let at = 0;
    for (let next: number | undefined = 0; next !== undefined; next = this.#step(text, at)) at = next;
    this.#rest = text.slice(at);
    if (this.#rest.length > LONGEST_PIECE) {
      // The line end may be cut in two.
      const kept = this.#rest.endsWith("\r") ? 1 : 0;
      this.#walk.line(this.#rest.slice(0, this.#rest.length - kept), this.#startsLine, false);
      this.#startsLine = false;
      this.#rest = kept === 0 ? "" : "\r";
    }
    return this.#take();
  }

  /** The rest of it. */
  end(): Buffer {
    if (this.#rest !== "") this.#walk.lastLine(this.#rest, this.#startsLine);
    this.#walk.end();
    return this.#take();
  }

  /**
   * A line, or all lines up to the next one that begins with `--`: of what is no header no more need be looked at.
   * @returns where it goes on; undefined: more octets are needed for that
   */
  #step(text: string, at: number): number | undefined {
    const isBlock = this.#walk.takesBlocks && !(this.#startsLine && text.startsWith("--", at));
    const end = text.indexOf(isBlock ? "\r\n--" : "\r\n", at);
    if (end >= 0) {
      const lines = text.slice(at, end);
      if (isBlock) this.#walk.block(lines, this.#startsLine, true);
      else this.#walk.line(lines, this.#startsLine, true);
      this.#startsLine = true;
      return end + 2;
    }
    const stop = isBlock ? text.length - undecided(text, at, this.#startsLine) : at;
    if (stop <= at) return undefined;
    this.#walk.block(text.slice(at, stop), this.#startsLine, false);
    this.#startsLine = false;
    return stop;
  }

  #take(): Buffer {
    const written = Buffer.from(this.#written, "latin1");
    this.#written = "";
    return written;
  }

  #header(lines: readonly string[], { kind }: MimeEntity, ofMessage: boolean): void {
    let changed = lines;
    this.#encoder = undefined;
    if (fieldValue(lines, LABEL)?.toLowerCase() === "binary") {
      const isMime = !ofMessage || lines.some((line) => isFieldNamed(line, "mime-version"));
      const whole = isMime ? lines : [...lines, "MIME-Version: 1.0"];
      if (kind === "leaf") this.#encoder = new Base64();
      // A whole cannot be encoded (RFC 2045 §6.4), and has no binary parts any more.
      changed = kind === "leaf" ? relabelled(whole, "base64", this.#note) : relabelled(whole, "8bit");
    }
    for (const line of changed) this.#plain(line, true);
  }

  #content(text: string, startsLine: boolean, endsLine: boolean): void {
    if (this.#encoder === undefined) this.#plain(text, endsLine);
    else this.#written += this.#encoder.write(text, startsLine, endsLine);
  }

  #leafEnds(atEnd: boolean): void {
    if (this.#encoder === undefined) return;
    this.#written += this.#encoder.end(atEnd);
    this.#encoder = undefined;
    this.#lineBegins = true;
    this.#afterNul = false;
  }

  #plain(text: string, endsLine: boolean): void {
    const seen = this.#afterNul ? `\0${text}` : text;
    const begins = this.#lineBegins || this.#afterNul;
    if (BARE.test(seen) || /\n\0+\./.test(seen) || (begins && /^\0+\./.test(seen))) this.isStray = true;
    this.#lineBegins = endsLine;
    this.#afterNul = !endsLine && (/\n\0+$/.test(seen) || (begins && /^\0+$/.test(seen)));
    this.#written += endsLine ? `${text}\r\n` : text;
  }
}

/** A CR or LF alone. */
const BARE = /\r(?!\n)|(?<!\r)\n/;
/** A longer line of a header is handed out in pieces, octets. */
const LONGEST_PIECE = 16 * 1024;

/** Octets at the end that may be the beginning of a line end and a delimiter. */
function undecided(text: string, at: number, startsLine: boolean): number {
  if (startsLine && text.length === at + 1 && text.endsWith("-")) return 1;
  for (const beginning of ["\r\n-", "\r\n", "\r"]) if (text.endsWith(beginning)) return beginning.length;
  return 0;
}
