/** Quoted-printable and base64 (RFC 2045 §6.7, §6.8) for text that comes in pieces of lines; octets are latin1 strings. */

export interface TransferEncoder {
  /** What can be written of it by now, in whole lines and perhaps a part of one. */
  write(text: string, startsLine: boolean, endsLine: boolean): string;
  /** @param withLineEnd the last line end belongs to the content */
  end(withLineEnd: boolean): string;
}

/** Octets of an encoded line without its end. */
const LONGEST = 76;

/** Printable characters that gateways to EBCDIC change (RFC 2045 §6.7 note). */
const VARIANT = '!"#$@[\\]^`{|}~';

export class QuotedPrintable implements TransferEncoder {
  readonly #plain: RegExp;
  readonly #fromSafe: boolean;
  #column = 0;
  /** The beginning of the encoded line. */
  #begin = "";
  /** A blank whose meaning depends on what follows. */
  #blank = "";

  /**
   * @param careful encodes what EBCDIC gateways change, too (F=3)
   * @param fromSafe writes `From=20` at the beginning of a line (F=E)
   */
  constructor({ careful = false, fromSafe = false }: { careful?: boolean; fromSafe?: boolean } = {}) {
    this.#fromSafe = fromSafe;
    const variant = careful ? VARIANT.replaceAll(/[\\\]^]/g, "\\$&") : "";
    this.#plain = new RegExp(`^(?:(?![=${variant}])[\\x21-\\x7e])$`);
  }

  write(text: string, _startsLine: boolean, endsLine: boolean): string {
    let written = "";
    for (const octet of text) {
      if (this.#blank !== "") written += this.#put(this.#endsFrom ? escaped(this.#blank) : this.#blank);
      this.#blank = "";
      if (octet === " " || octet === "\t") this.#blank = octet;
      else written += this.#put(this.#plain.test(octet) ? octet : escaped(octet));
    }
    if (!endsLine) return written;
    if (this.#blank !== "") written += this.#put(escaped(this.#blank));
    this.#blank = "";
    this.#column = 0;
    this.#begin = "";
    return `${written}\r\n`;
  }

  /** Lines have been written with their ends: the last of them is that of the content, or of the delimiter. */
  end(): string {
    return "";
  }

  get #endsFrom(): boolean {
    return this.#fromSafe && this.#begin === "From";
  }

  #put(text: string): string {
    // Room for the "=" of a soft line break is always kept.
    if (this.#column + text.length < LONGEST) {
      this.#column += text.length;
      if (this.#begin.length < 5) this.#begin += text;
      return text;
    }
    // In the middle of a line hyphens are text; where a line begins they could be a delimiter (RFC 2046 §5.1.1).
    const first = text === "-" ? escaped(text) : text;
    this.#column = first.length;
    this.#begin = first;
    return `=\r\n${first}`;
  }
}

function escaped(octet: string): string {
  return `=${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

/** Octets that make one line. */
const ROW = (LONGEST / 4) * 3;

export class Base64 implements TransferEncoder {
  #rest = "";
  #owesLineEnd = false;

  write(text: string, _startsLine: boolean, endsLine: boolean): string {
    const all = (this.#owesLineEnd ? `${this.#rest}\r\n` : this.#rest) + text;
    this.#owesLineEnd = endsLine;
    if (all.length < ROW) {
      this.#rest = all;
      return "";
    }
    const whole = all.length - (all.length % ROW);
    this.#rest = all.slice(whole);
    return rows(all.slice(0, whole));
  }

  end(withLineEnd: boolean): string {
    const all = this.#owesLineEnd && withLineEnd ? `${this.#rest}\r\n` : this.#rest;
    this.#rest = "";
    this.#owesLineEnd = false;
    return rows(all);
  }
}

function rows(octets: string): string {
  if (octets === "") return "";
  return `${Buffer.from(octets, "latin1")
    .toString("base64")
    .replaceAll(/.{76}(?=.)/g, "$&\r\n")}\r\n`;
}
