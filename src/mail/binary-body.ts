/**
 * Messages with binary parts (RFC 3030 §3) as all other mail is: lines that end with CR LF. Each leaf that is labelled as
 * `binary` is written in base64, octet for octet, and gets that label; everything else stays. In one pass, while the message
 * comes in; a line of what is no such leaf and the header of a part is all that is kept.
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
  readonly #cutter = new CrlfCutter((text, starts, ends) => this.#walk.line(text, starts, ends));
  readonly #walk: MimeWalk;
  #encoder: Base64 | undefined;
  #written = "";
  #lineBegins = true;

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
    this.#cutter.write(chunk);
    return this.#take();
  }

  /** The rest of it. */
  end(): Buffer {
    const { rest, startsLine } = this.#cutter.end();
    if (rest !== "") this.#walk.lastLine(rest, startsLine);
    this.#walk.end();
    return this.#take();
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
  }

  #plain(text: string, endsLine: boolean): void {
    if (/[\r\n]/.test(text) || (this.#lineBegins && /^\0+\./.test(text))) this.isStray = true;
    this.#lineBegins = endsLine;
    this.#written += endsLine ? `${text}\r\n` : text;
  }
}

/** A longer line is handed out in pieces, octets. */
const LONGEST_PIECE = 16 * 1024;

/** Cuts octets into lines that end with CR LF; a CR or LF alone is like any other octet. */
class CrlfCutter {
  readonly #line: (text: string, startsLine: boolean, endsLine: boolean) => void;
  #rest = "";
  #startsLine = true;

  constructor(line: (text: string, startsLine: boolean, endsLine: boolean) => void) {
    this.#line = line;
  }

  write(chunk: Buffer): void {
    const lines = (this.#rest + chunk.toString("latin1")).split("\r\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      this.#line(line, this.#startsLine, true);
      this.#startsLine = true;
    }
    if (this.#rest.length <= LONGEST_PIECE) return;
    // The line end may be cut in two.
    const kept = this.#rest.endsWith("\r") ? 1 : 0;
    this.#line(this.#rest.slice(0, this.#rest.length - kept), this.#startsLine, false);
    this.#startsLine = false;
    this.#rest = kept === 0 ? "" : "\r";
  }

  /** What has no line end. */
  end(): { readonly rest: string; readonly startsLine: boolean } {
    return { rest: this.#rest, startsLine: this.#startsLine };
  }
}
