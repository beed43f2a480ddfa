/**
 * Bodies with octets above 127 for those who take only seven bits (RFC 6152 §3): each leaf that has some is written in
 * quoted-printable or base64, whatever it is nested in. Two passes: the first counts, the second writes; neither keeps more
 * than a line and the header of a part.
 *
 * As sendmail chooses: base64 for what is no text or is labelled as binary, and for text of which more than an eighth is above 127.
 */
import type { MimeEntity } from "./mime-entity.ts";
import { fieldValue, isFieldNamed } from "./mime-entity.ts";
import { LineCutter, MimeWalk } from "./mime-walk.ts";
import { Base64, QuotedPrintable, type TransferEncoder } from "./transfer-encoders.ts";

export type LeafEncoding = "as it is" | "quoted-printable" | "base64";

export interface SevenBitPlan {
  /** For each leaf, in order. */
  readonly leaves: readonly LeafEncoding[];
  /** About how many octets it becomes. */
  readonly size: number;
}

interface Count {
  readonly isText: boolean;
  octets: number;
  high: number;
}

export type Octets = Iterable<Buffer> | AsyncIterable<Buffer>;

/** The first pass. */
export async function planSevenBit(top: MimeEntity, body: Octets): Promise<SevenBitPlan> {
  const counts: Count[] = [];
  let size = 0;
  const add = (text: string, endsLine: boolean) => (size += text.length + (endsLine ? 2 : 0));
  const begin = (isText: boolean) => counts.push({ isText, octets: 0, high: 0 });
  if (top.kind === "leaf") begin(top.isText);
  const walk = new MimeWalk(top, {
    header(lines, entity, leaf) {
      for (const line of lines) add(line, true);
      if (leaf !== undefined) begin(entity.isText);
    },
    content(text, _startsLine, endsLine) {
      const count = counts[counts.length - 1];
      count.octets += text.length + (endsLine ? 1 : 0);
      count.high += highOctets(text);
      add(text, endsLine);
    },
    leafEnds: () => undefined,
    other: add,
  });
  const cutter = new LineCutter((text, starts, ends) => walk.line(text, starts, ends));
  for await (const chunk of body) cutter.write(chunk);
  cutter.end();
  walk.end();
  const leaves = counts.map(encodingFor);
  leaves.forEach((encoding, at) => {
    if (encoding === "quoted-printable") size += 2 * counts[at].high;
    else if (encoding === "base64") size += Math.ceil(counts[at].octets * 0.4);
  });
  return { leaves, size };
}

function encodingFor({ isText, octets, high }: Count): LeafEncoding {
  if (high === 0) return "as it is";
  return isText && high * 8 <= octets ? "quoted-printable" : "base64";
}

function highOctets(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) count++;
  return count;
}

export interface SevenBitStyle {
  /** Value of the X-MIME-Autoconverted field that goes into each header that changes, for an encoding. */
  readonly note: (encoding: LeafEncoding) => string;
  /** F=3 */
  readonly careful: boolean;
  /** F=E: no line begins with `From `. */
  readonly fromSafe: boolean;
}

/** The second pass: chunks of the new body, CRLF lines. */
export async function* writeSevenBit(
  top: MimeEntity,
  plan: SevenBitPlan,
  style: SevenBitStyle,
  body: Octets,
): AsyncGenerator<Buffer> {
  const writer = new SevenBitWriter(top, plan, style);
  for await (const chunk of body) {
    const written = writer.write(chunk);
    if (written.length > 0) yield written;
  }
  const rest = writer.end();
  if (rest.length > 0) yield rest;
}

class SevenBitWriter {
  readonly #plan: SevenBitPlan;
  readonly #style: SevenBitStyle;
  readonly #cutter: LineCutter;
  readonly #walk: MimeWalk;
  #encoder: TransferEncoder | undefined;
  #written = "";

  constructor(top: MimeEntity, plan: SevenBitPlan, style: SevenBitStyle) {
    this.#plan = plan;
    this.#style = style;
    if (top.kind === "leaf") this.#beginLeaf(0);
    this.#walk = new MimeWalk(top, {
      header: (lines, entity, leaf, ofMessage) => this.#header(lines, entity, leaf, ofMessage),
      content: (text, starts, ends) => this.#content(text, starts, ends),
      leafEnds: (atEnd) => (this.#written += this.#encoder?.end(atEnd) ?? ""),
      other: (text, ends) => this.#plain(text, ends),
    });
    this.#cutter = new LineCutter((text, starts, ends) => this.#walk.line(text, starts, ends));
  }

  write(chunk: Buffer): Buffer {
    this.#cutter.write(chunk);
    return this.#take();
  }

  end(): Buffer {
    this.#cutter.end();
    this.#walk.end();
    return this.#take();
  }

  #take(): Buffer {
    const written = Buffer.from(this.#written, "latin1");
    this.#written = "";
    return written;
  }

  #beginLeaf(leaf: number): LeafEncoding {
    const encoding = this.#plan.leaves[leaf] ?? "as it is";
    this.#encoder =
      encoding === "base64"
        ? new Base64()
        : encoding === "quoted-printable"
          ? new QuotedPrintable(this.#style)
          : undefined;
    return encoding;
  }

  #header(lines: readonly string[], { kind }: MimeEntity, leaf: number | undefined, ofMessage: boolean): void {
    const encoding = leaf === undefined ? "as it is" : this.#beginLeaf(leaf);
    let changed = lines;
    if (encoding !== "as it is") {
      // Without this field nobody reads the others of a message (RFC 2045 §4).
      const isMime = !ofMessage || lines.some((line) => isFieldNamed(line, "mime-version"));
      changed = relabelled(isMime ? lines : [...lines, "MIME-Version: 1.0"], encoding, this.#style.note(encoding));
    }
    // The label of a whole that has got seven bits only (RFC 2045 §6.4).
    else if (kind === "multipart" || kind === "message") changed = withoutEightBitLabel(lines);
    for (const line of changed) this.#plain(line, true);
  }

  #content(text: string, startsLine: boolean, endsLine: boolean): void {
    if (this.#encoder === undefined) this.#plain(text, endsLine);
    else this.#written += this.#encoder.write(text, startsLine, endsLine);
  }

  #plain(text: string, endsLine: boolean): void {
    this.#written += endsLine ? `${text}\r\n` : text;
  }
}

const LABEL = "content-transfer-encoding";

/**
 * Lines of a header with another encoding in them, in place of the old one, or at the end.
 * @param note value of an X-MIME-Autoconverted field
 */
export function relabelled(lines: readonly string[], encoding: string, note?: string): string[] {
  const label = `Content-Transfer-Encoding: ${encoding}`;
  const at = lines.findIndex((line) => isFieldNamed(line, LABEL));
  const rest = withoutField(lines, LABEL);
  const place = at < 0 ? rest.length : at;
  const told = note === undefined ? [] : [`X-MIME-Autoconverted: ${note}`];
  return [...rest.slice(0, place), label, ...rest.slice(place), ...told];
}

function withoutEightBitLabel(lines: readonly string[]): readonly string[] {
  return /^(?:8bit|binary)$/i.test(fieldValue(lines, LABEL) ?? "") ? withoutField(lines, LABEL) : lines;
}

function withoutField(lines: readonly string[], name: string): string[] {
  let inside = false;
  return lines.filter((line) => {
    inside = /^[ \t]/.test(line) ? inside : isFieldNamed(line, name);
    return !inside;
  });
}
